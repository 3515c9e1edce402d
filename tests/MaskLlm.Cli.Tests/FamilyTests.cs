using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using MaskLlm.Formats.Numpy;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Every verb on every family: tiny models of the fixtures' configurations, two steps each.</summary>
[Collection(TorchTests.Name)]
public sealed class FamilyTests : IDisposable
{
    private static readonly string[] Window =
        ["--data", TinyModel.TextPath, "--seq-len", "32", "--max-windows", "2", "--threads", "1", "--json"];
    private readonly TemporaryFolder _folder = new();

    /// <summary>All checkpoints of the original program.</summary>
    public static TheoryData<string> Checkpoints =>
        [.. Directory.GetDirectories(Fixture.PathOf("models")).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Eval_FixtureOnItsIds_GivesItsLoss(string name)
    {
        string folder = Fixture.PathOf($"models/{name}");
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        TensorEntry entry = expected.Tensors["input_ids"];
        byte[] header = NpyHeader.Format(NpyType.Int64, entry.Shape);
        string ids = _folder.Write("ids.npy", [.. header, .. expected.Bytes(entry)]);
        double loss = MemoryMarshal.Read<float>(expected.Bytes(expected.Tensors["loss"]));
        // A row is a window.
        CommandRun run = CommandRun.Of("eval", folder, "--data", ids, "--threads", "1", "--json");
        run.AssertSuccess();
        JsonNode row = JsonNode.Parse(run.Output)!["rows"]![0]!;
        Assert.Equal(entry.Shape[0], (long)row["windows"]!);
        Assert.Equal(1, (double)row["perplexity"]! / Math.Exp(loss), 1e-4);
    }

    [Theory]
    [InlineData("bloom")]
    [InlineData("cohere")]
    [InlineData("cohere2")]
    [InlineData("deepseek-v3")]
    [InlineData("exaone4")]
    [InlineData("falcon")]
    [InlineData("gemma")]
    [InlineData("gemma2")]
    [InlineData("gemma3")]
    [InlineData("glm4")]
    [InlineData("glm4-moe")]
    [InlineData("gpt-neox-parallel")]
    [InlineData("gpt-neox-sequential")]
    [InlineData("gpt-oss")]
    [InlineData("gpt2")]
    [InlineData("gptj")]
    [InlineData("granite")]
    [InlineData("granitemoe")]
    [InlineData("llama-bias")]
    [InlineData("ministral")]
    [InlineData("mistral-sliding")]
    [InlineData("mixtral")]
    [InlineData("nemotron")]
    [InlineData("olmo2")]
    [InlineData("olmoe")]
    [InlineData("opt")]
    [InlineData("phi")]
    [InlineData("phi3")]
    [InlineData("qwen2")]
    [InlineData("qwen2-moe")]
    [InlineData("qwen3")]
    [InlineData("qwen3-moe")]
    [InlineData("seed-oss")]
    [InlineData("smollm3")]
    [InlineData("stablelm")]
    [InlineData("starcoder2")]
    public async Task EveryVerb_OnTheFamily_Works(string fixture)
    {
        string model = _folder.File("model"), pruned = _folder.File("pruned"), applied = _folder.File("applied");
        string mask = Path.Combine(pruned, "mask.npz");
        string[] data = ["--data", TinyModel.TextPath, "--threads", "1"], sequences = [.. data, "--samples", "4", "--seq-len", "16"];
        Run(["pretrain", "--config", Config(fixture), .. data, "--steps", "3", "--batch-size", "2", "--seq-len", "16", "--out", model]);
        Run(["prune", model, "--method", "wanda", .. sequences, "--out", pruned]);
        foreach (string method in new[] { "magnitude", "ria" })
            Run(["prune", model, "--method", method, .. sequences, "--out", _folder.File(method)]);
        Run(["prune", model, "--method", "sparsegpt", "--update-weights", .. sequences, "--out", _folder.File("updated")]);

        JsonNode[] rows = Rows(["eval", model, "--mask", mask, .. Window]);
        Run("apply", model, "--mask", mask, "--out", applied);
        double dense = Perplexity(rows[0]), masked = Perplexity(rows[1]);
        Assert.NotEqual(dense, masked);
        Assert.Equal(masked, Perplexity(Rows(["eval", applied, .. Window])[0]));
        Assert.NotEqual(dense, Perplexity(Rows(["eval", _folder.File("updated/model"), .. Window])[0]));
        Run(["permute", model, .. sequences, "--out", _folder.File("permuted")]);
        Assert.Equal(1, Perplexity(Rows(["eval", _folder.File("permuted"), .. Window])[0]) / dense, 1e-4);

        // The same in the checkpoint and in the file, and groups of four inputs in both.
        JsonNode inspected = JsonNode.Parse(Run("inspect", applied, "--against", mask, "--json").Output)!;
        Assert.All(inspected["tensors"]!.AsArray(), tensor =>
            Assert.Equal(("2:4", 0), ((string?)tensor!["pattern"], (int)tensor["violations"]!)));
        Assert.Equal(1, (double)inspected["agreement"]!["equal_bits"]!);
        string[] voters = [mask, _folder.File("ria"), _folder.File("magnitude")];
        Run(["merge", .. voters, "--model", model, "--out", _folder.File("merged.npz")]);
        Run("inspect", _folder.File("merged.npz"), "--model", model);
        Run(["sensitivity", model, "--mask", mask, .. Window]);

        string packed = _folder.File("packed");
        Run("export", model, "--mask", mask, "--type", "float32", "--out", packed);
        Assert.Equal(1, Perplexity(Rows(["eval", packed, .. Window])[0]) / masked, 1e-4);
        string[] prompt = ["--prompt", "the fox", "--max-tokens", "6", "--threads", "1"];
        string text = Run(["generate", packed, .. prompt]).Output;
        Assert.Equal(text, Run(["generate", model, "--mask", mask, "--type", "float32", .. prompt]).Output);
        Run("bench", packed, "--repeats", "1", "--threads", "1");
        using (RunningServer server = await RunningServer.StartOn(packed))
            Assert.NotNull(await server.PostJson("/v1/completions", """{ "prompt": "the fox", "max_tokens": 6, "temperature": 0 }"""));
    }

    [Theory]
    [InlineData("bloom")]
    [InlineData("cohere2")]
    [InlineData("deepseek-v3")]
    [InlineData("falcon")]
    [InlineData("gemma2")]
    [InlineData("gemma3")]
    [InlineData("glm4")]
    [InlineData("gpt-neox-parallel")]
    [InlineData("gpt-oss")]
    [InlineData("gpt2")]
    [InlineData("gptj")]
    [InlineData("nemotron")]
    [InlineData("olmo2")]
    [InlineData("opt")]
    [InlineData("phi3")]
    [InlineData("qwen2")]
    [InlineData("qwen2-moe")]
    public void Learn_OnTheFamily_WorksInEveryWay(string fixture)
    {
        string model = _folder.File("model");
        Run("pretrain", "--config", Config(fixture), "--data", TinyModel.TextPath, "--threads", "1", "--steps", "1", "--batch-size", "1",
            "--seq-len", "16", "--out", model);
        string[] steps = ["--steps", "2", "--batch-size", "1", "--seq-len", "16", "--eval-windows", "1", "--threads", "1"];
        string[] ways =
        [
            "--precision bfloat16 --moments int8", "--state-distillation 0.5 --checkpoint-activations", "--blockwise",
            "--train-weights with-masks --prior wanda --train norms",
            "--train-weights only --prior wanda --train norms --moments int8", "--pattern 1:4 --prior none --parametrization items --hard --kernel plain",
        ];
        foreach ((int number, string way) in ways.Index())
            Run(["learn", model, "--data", TinyModel.TextPath, .. steps, .. way.Split(' '), "--out", _folder.File($"learned-{number}")]);
        Run("bench", "learn", model, "--batch-size", "1", "--seq-len", "16", "--repeats", "1", "--threads", "1");
    }

    [Theory]
    [InlineData("deepseek-v3")]
    [InlineData("gpt2")]
    [InlineData("gpt-neox-sequential")]
    [InlineData("mixtral")]
    [InlineData("phi3")]
    public void Resume_OnTheFamily_GivesTheSameBytes(string fixture)
    {
        string model = _folder.File("whole-pretrain"), config = Config(fixture);
        string[] sizes = ["--data", TinyModel.TextPath, "--seq-len", "16", "--threads", "1"], steps = ["--steps", "4", "--batch-size", "1"];
        string[] learn = ["learn", model, .. sizes, .. steps, "--eval-windows", "1", "--train-weights", "with-masks", "--train",
            "norms", "--moments", "int8"];
        (string Verb, string At, string[] Arguments, string[] Files)[] runs =
        [
            ("pretrain", "pretraining", ["pretrain", "--config", config, .. sizes, .. steps], ["model.safetensors"]),
            ("prune", "block 0/", ["prune", model, "--method", "sparsegpt", "--update-weights", "--samples", "4", .. sizes],
                ["mask.npz", "model/model.safetensors"]),
            ("learn", "learning", learn, ["mask.npz", "model/model.safetensors"]),
        ];
        foreach ((string verb, string at, string[] arguments, string[] files) in runs)
        {
            string whole = _folder.File($"whole-{verb}"), parts = _folder.File($"parts-{verb}");
            Run([.. arguments, "--out", whole]);
            Assert.Equal(130, CommandRun.StoppedAt(at, [.. arguments, "--out", parts]).ExitCode);
            Run([.. arguments, "--out", parts, "--resume"]);
            foreach (string file in files)
                Assert.Equal(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(parts, file)));
        }
    }

    // The fixture's sizes, with a vocabulary that a tokenizer of bytes has room in.
    private string Config(string fixture)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Fixture.PathOf($"models/{fixture}/config.json")))!.AsObject();
        config["vocab_size"] = 300;
        string path = _folder.File("config.json");
        File.WriteAllText(path, config.ToJsonString());
        return path;
    }

    private static CommandRun Run(params string[] args)
    {
        CommandRun run = CommandRun.Of(args);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', args)}: exit code {run.ExitCode}: {run.Error}");
        return run;
    }

    private static JsonNode[] Rows(params string[] args)
    {
        JsonNode report = JsonNode.Parse(Run(args).Output)!;
        return [.. report["rows"]!.AsArray().Select(row => row!)];
    }

    private static double Perplexity(JsonNode row) => (double)row["perplexity"]!;
}
