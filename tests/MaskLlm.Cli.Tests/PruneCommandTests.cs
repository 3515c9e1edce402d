using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Masks;
using MaskLlm.Patterns;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class PruneCommandTests : IDisposable
{
    private const int Layers = 14;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2:4")]
    [InlineData("1:4")]
    [InlineData("4:8")]
    public void Prune_Magnitude_WritesMaskRecordAndCard(string pattern)
    {
        string target = _folder.File("run");

        CommandRun run = Prune("--pattern", pattern, "--out", target, "--json");

        run.AssertSuccess();
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(Path.Combine(target, "mask.npz"),
            CheckpointConfig.LinearShapes(TinyModel.Folder));
        Assert.Equal(Layers, masks.Count);
        Assert.All(masks.Values, mask => Assert.Equal(0, mask.ViolationCount(NmPattern.Parse(pattern))));
        JsonObject record = JsonNode.Parse(run.Output)!.AsObject();
        JsonObject written = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "run.json")))!.AsObject();
        Assert.True(written.Remove("checksum"));
        Assert.True(JsonNode.DeepEquals(record, written));
        Assert.Equal(["verb", "options", "seed", "threads", "versions", "kernel", "inputs", "figures"], record.Select(pair => pair.Key));
        Assert.Equal(("magnitude", pattern), ((string?)record["options"]!["method"], (string?)record["options"]!["pattern"]));
        foreach (string figure in new[] { "tokens", "seconds", "tokens_per_second", "peak_memory_bytes", "first_loss", "final_loss",
            "perplexity" })
            Assert.True(record["figures"]!.AsObject().ContainsKey(figure), figure);
        Assert.Equal(64, ((string)record["inputs"]![Path.Combine(TinyModel.Folder, "model.safetensors")]!).Length);
        Assert.Contains($"--method magnitude --pattern {pattern}", File.ReadAllText(Path.Combine(target, "README.md")),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wanda", "2:4")]
    [InlineData("ria", "4:8")]
    [InlineData("sparsegpt", "1:4")]
    public void Prune_LookingAtData_WritesMaskAndRecord(string method, string pattern)
    {
        string target = _folder.File("run");

        CommandRun run = CommandRun.Of("prune", TinyModel.Folder, "--method", method, "--data", TinyModel.TextPath, "--samples", "6",
            "--seq-len", "32", "--pattern", pattern, "--out", target, "--threads", "1");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains(" s of pruning)", run.Output, StringComparison.Ordinal);
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(Path.Combine(target, "mask.npz"),
            CheckpointConfig.LinearShapes(TinyModel.Folder));
        Assert.Equal(Layers, masks.Count);
        Assert.All(masks.Values, mask => Assert.Equal(0, mask.ViolationCount(NmPattern.Parse(pattern))));
        JsonNode record = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "run.json")))!;
        Assert.Equal((6, 32), ((int)record["options"]!["samples"]!, (int)record["options"]!["seq-len"]!));
        Assert.Equal((6 * 32, true), ((int)record["figures"]!["tokens"]!, (double)record["figures"]!["seconds"]! > 0));
        Assert.Contains("--samples 6 --seq-len 32 --seed 0", File.ReadAllText(Path.Combine(target, "README.md")), StringComparison.Ordinal);
        Assert.Equal(["README.md", "mask.npz", "run.json"], Directory.EnumerateFileSystemEntries(target).Select(Path.GetFileName)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Prune_UpdateWeights_WritesACheckpointThatEvalReads()
    {
        string target = _folder.File("run"), model = Path.Combine(target, "model");

        CommandRun run = CommandRun.Of("prune", TinyModel.Folder, "--method", "sparsegpt", "--update-weights", "--data", TinyModel.TextPath,
            "--out", target, "--threads", "1");

        Assert.True(run.ExitCode == 0, run.Error);
        // The tiny model has 64 positions, fewer than the default length.
        Assert.Equal(64, (int)JsonNode.Parse(File.ReadAllText(Path.Combine(target, "run.json")))!["options"]!["seq-len"]!);
        CommandRun eval = CommandRun.Of("eval", model, "--data", TinyModel.TextPath, "--seq-len", "32", "--threads", "1");
        Assert.True(eval.ExitCode == 0, eval.Error);
        CommandRun inspect = CommandRun.Of("inspect", model);
        Assert.True(inspect.ExitCode == 0, inspect.Error);
        Assert.Contains("50.00", inspect.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_ForcedOverAnUpdatedModel_ReplacesItOrSaysThatItDoesNot()
    {
        string target = _folder.File("run"), model = Path.Combine(target, "model"), weights = Path.Combine(model, "model.safetensors");
        string[] Arguments(string samples) =>
            ["prune", TinyModel.Folder, "--method", "sparsegpt", "--update-weights", "--data", TinyModel.TextPath, "--samples", samples,
                "--seq-len", "32", "--out", target, "--threads", "1"];
        CommandRun.Of(Arguments("4")).AssertSuccess();
        byte[] before = File.ReadAllBytes(weights);

        foreach (string[] other in new[] { Arguments("6"),
            ["prune", TinyModel.Folder, "--method", "magnitude", "--out", target, "--force"] })
        {
            CommandRun refused = CommandRun.Of(other);
            Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
            Assert.Contains(other[^1] == "--force" ? "holds the model of an earlier run" : "--force", refused.LastLine,
                StringComparison.Ordinal);
            Assert.Equal(before, File.ReadAllBytes(weights));
        }
        CommandRun.Of([.. Arguments("6"), "--force"]).AssertSuccess();
        Assert.NotEqual(before, File.ReadAllBytes(weights));
        Assert.Equal(["README.md", "mask.npz", "model", "run.json"], Directory.EnumerateFileSystemEntries(target).Select(Path.GetFileName)
            .Order(StringComparer.Ordinal));
        CommandRun.Of("eval", model, "--data", TinyModel.TextPath, "--seq-len", "32", "--threads", "1").AssertSuccess();
    }

    [Fact]
    public void Prune_UpdatedModelOntoTheModelItself_IsRefusedBeforeTheWork()
    {
        string model = TinyModel.CopyTo(_folder.File("run/model"));
        CommandRun run = CommandRun.Of("prune", model, "--method", "sparsegpt", "--update-weights", "--data", TinyModel.TextPath, "--out",
            _folder.File("run"), "--force");
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("is the model itself", run.LastLine, StringComparison.Ordinal);
        Assert.Equal([model], Directory.EnumerateFileSystemEntries(_folder.File("run")));
    }

    [Fact]
    public void Prune_FolderAndFile_RecordsEveryTextWithItsWeightAndHash()
    {
        string texts = _folder.File("texts"), target = _folder.File("run"), inner = Path.Combine(texts, "inner", "b.txt"),
            first = Path.Combine(texts, "a.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(inner)!);
        foreach (string file in new[] { first, inner }) File.WriteAllText(file, File.ReadAllText(TinyModel.TextPath));

        CommandRun run = CommandRun.Of(
            "prune", TinyModel.Folder, "--method", "wanda", "--data", $"{texts}:3", $"{TinyModel.TextPath}:1", "--document-separator",
                @"\n", "--samples", "6", "--seq-len", "32", "--out", target, "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        JsonNode record = JsonNode.Parse(run.Output)!;
        Assert.Equal([$"{texts}:0.75", $"{TinyModel.TextPath}:0.25"], record["options"]!["data"]!.AsArray()
            .Select(source => (string?)source));
        Assert.Equal("\n", (string?)record["options"]!["document-separator"]);
        foreach (string file in new[] { first, inner, TinyModel.TextPath })
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))), (string?)record["inputs"]![file]);
        Assert.Equal(64, ((string)record["inputs"]![texts]!).Length);
        Assert.Equal([2800, 1400], record["figures"]!["sources"]!.AsArray().Select(source => (int)source!["documents"]!));
        Assert.Contains($"--data {texts}:3 {TinyModel.TextPath}:1 --document-separator '\\n' --samples 6",
            File.ReadAllText(Path.Combine(target, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_InterruptedWithData_SaysSoAndResumes()
    {
        string target = _folder.File("run"), whole = _folder.File("whole");
        string[] Arguments(string folder) =>
            ["prune", TinyModel.Folder, "--method", "wanda", "--data", TinyModel.TextPath, "--samples", "6", "--seq-len", "32", "--threads",
            "1", "--out", folder];
        CommandRun.Of(Arguments(whole)).AssertSuccess();

        CommandRun stopped = CommandRun.StoppedAt("block 0/2", Arguments(target));

        Assert.Equal(130, stopped.ExitCode);
        Assert.True(Directory.Exists(Path.Combine(target, "checkpoint")));
        CommandRun resumed = CommandRun.Of([.. Arguments(target), "--resume"]);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "mask.npz")), File.ReadAllBytes(Path.Combine(target, "mask.npz")));
        Assert.Contains("complete", CommandRun.Of([.. Arguments(target), "--resume"]).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wanda")]
    [InlineData("ria")]
    [InlineData("sparsegpt")]
    public void Prune_ByActivations_WritesTheMaskAndRepeatsIt(string method)
    {
        byte[] Mask(string name)
        {
            string target = _folder.File(name);
            CommandRun run = CommandRun.Of(
                "prune", TinyModel.Folder, "--method", method, "--data", TinyModel.TextPath, "--samples", "6", "--seq-len", "32", "--seed",
                    "3", "--threads", "2", "--out", target);
            Assert.Equal((0, run.Error), (run.ExitCode, run.Error));
            Assert.Contains("--samples 6 --seq-len 32 --seed 3", File.ReadAllText(Path.Combine(target, "README.md")),
                StringComparison.Ordinal);
            Assert.Equal(6 * 32, (int)JsonNode.Parse(File.ReadAllText(Path.Combine(target, "run.json")))!["figures"]!["tokens"]!);
            return File.ReadAllBytes(Path.Combine(target, "mask.npz"));
        }

        byte[] first = Mask("first");

        Assert.Equal(first, Mask("second"));
        Prune("--out", _folder.File("magnitude")).AssertSuccess();
        Assert.NotEqual(first, File.ReadAllBytes(Path.Combine(_folder.File("magnitude"), "mask.npz")));
    }

    [Fact]
    public void Prune_Skip_LeavesLayersDense()
    {
        string target = _folder.File("run");

        Prune("--out", target, "--skip", "*k_proj.weight", "--skip", "model.layers.1.mlp.*").AssertSuccess();

        Assert.Equal(Layers - 2 - 3, MaskNpz.ReadPacked(Path.Combine(target, "mask.npz")).Count);
        string card = File.ReadAllText(Path.Combine(target, "README.md"));
        Assert.Contains("| self_attn.k_proj | 0 of 2 | 100.00 % |", card, StringComparison.Ordinal);
        Assert.Contains("| mlp.up_proj | 1 of 2 | 75.00 % |", card, StringComparison.Ordinal);
        Assert.Contains("| self_attn.q_proj | 2 of 2 | 50.00 % |", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("magnitude")]
    [InlineData("wanda")]
    [InlineData("admm")]
    public void Prune_DenseShare_SaysTheDensityEverywhere(string method)
    {
        string target = _folder.File("run");
        string[] data = method == "magnitude" ? [] : ["--data", TinyModel.TextPath, "--samples", "6", "--seq-len", "32"];

        CommandRun run = CommandRun.Of(
            ["prune", TinyModel.Folder, "--method", method, .. data, "--dense-share", "0.2", "--threads", "1", "--out", target]);

        run.AssertSuccess();
        JsonNode record = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "run.json")))!;
        string[] dense = [.. record["figures"]!["dense_layers"]!.AsArray().Select(name => (string)name!)];
        IReadOnlyDictionary<string, (int Rows, int Columns)> shapes = CheckpointConfig.LinearShapes(TinyModel.Folder);
        double share = dense.Sum(name => (double)shapes[name].Rows * shapes[name].Columns)
            / shapes.Values.Sum(shape => (double)shape.Rows * shape.Columns);
        Assert.InRange(share, 0.1, 0.2);
        Assert.Equal(0.5 + share / 2, (double)record["figures"]!["density"]!, 1e-9);
        Assert.Equal(0.2, (double)record["options"]!["dense-share"]!);
        string percent = (50 + 50 * share).ToString("0.00", CultureInfo.InvariantCulture);
        Assert.StartsWith($"{dense.Length} layers stay dense: density {percent} %; the same for learn:\n  --skip {string.Join(' ', dense)}\n", run.Output, StringComparison.Ordinal);
        Assert.StartsWith($"# Mask of density {percent} % for ", File.ReadAllText(Path.Combine(target, "README.md")),
            StringComparison.Ordinal);
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(Path.Combine(target, "mask.npz"), shapes);
        Assert.Equal(shapes.Keys.Except(dense).Order(), masks.Keys.Order());
        Assert.All(masks.Values, mask => Assert.Equal(0, mask.ViolationCount(NmPattern.TwoOfFour)));
    }

    [Fact]
    public void Prune_DenseShareBelowAnyLayer_SaysSoAndGivesTheOrdinaryMask()
    {
        string target = _folder.File("run"), other = _folder.File("other");

        CommandRun run = Prune("--dense-share", "0.001", "--out", target);

        run.AssertSuccess();
        Assert.Contains("--dense-share 0.001 is less than the smallest layer, model.layers.0.self_attn.k_proj.weight", run.Error,
            StringComparison.Ordinal);
        Prune("--out", other).AssertSuccess();
        Assert.Equal(File.ReadAllBytes(Path.Combine(other, "mask.npz")), File.ReadAllBytes(Path.Combine(target, "mask.npz")));
        Assert.StartsWith("# 2:4 mask for", File.ReadAllText(Path.Combine(target, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_FolderOfAnEarlierRun_IsKeptUntilForced()
    {
        string target = _folder.File("run"), mask = Path.Combine(target, "mask.npz");
        Prune("--out", target).AssertSuccess();
        byte[] before = File.ReadAllBytes(mask);
        string metrics = Path.Combine(target, "metrics.jsonl"), own = Path.Combine(target, "notes.txt");
        File.WriteAllText(metrics, "of a learning run");
        File.WriteAllText(own, "the user's");

        CommandRun refused = Prune("--out", target, "--pattern", "1:4");

        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("--force", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(mask));
        Prune("--out", target, "--pattern", "1:4", "--force").AssertSuccess();
        Assert.NotEqual(before, File.ReadAllBytes(mask));
        Assert.Equal((false, true), (File.Exists(metrics), File.Exists(own)));
    }

    [Theory]
    [InlineData("--method guess is not known; known: admm, magnitude, wanda, ria, sparsegpt", "--method", "guess")]
    [InlineData("--skip nothing matches no parameter", "--method", "magnitude", "--skip", "nothing")]
    [InlineData("pattern 1:3 needs a multiple of 3", "--method", "magnitude", "--pattern", "1:3")]
    [InlineData("--method wanda looks at activations; give it text or token ids with --data", "--method", "wanda")]
    [InlineData("--update-weights own belongs to --method sparsegpt; take exact", "--method", "magnitude", "--update-weights", "own")]
    [InlineData("--update-weights solves for weights; give it text", "--method", "magnitude", "--update-weights")]
    [InlineData("--method admm solves for weights; give it text or token ids with --data")]
    [InlineData("pruning by a mask is to solve for the weights that stay", "--mask", "m.npz", "--data", "a.txt")]
    [InlineData("--hidden-memory is -1", "--method", "magnitude", "--hidden-memory", "-1")]
    [InlineData("--dense-share is 1; at least 0 and below 1 is needed", "--method", "magnitude", "--dense-share", "1")]
    [InlineData("--dense-share is -0.1; at least 0 and below 1", "--method", "magnitude", "--dense-share", "-0.1")]
    [InlineData("--skip leaves no layer to mask", "--method", "magnitude", "--dense-share", "0.5", "--skip", "*")]
    [InlineData("'4:2' is not a pattern", "--method", "magnitude", "--pattern", "4:2")]
    public void Prune_BadInput_LeavesNothingBehind(string expected, params string[] arguments)
    {
        string target = _folder.File("run");

        CommandRun run = CommandRun.Of(["prune", TinyModel.Folder, "--out", target, .. arguments]);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Path.Exists(target));
    }

    [Theory]
    [InlineData("is 1:4, and --pattern is 2:4")]
    [InlineData("it masks no layer that --skip leaves", "--pattern", "1:4", "--skip", "*layers.1.*", "*embed*")]
    public void Prune_MaskThatDoesNotFitTheOptions_IsRefusedBeforeTheWork(string expected, params string[] arguments)
    {
        string run = _folder.File("mask"), target = _folder.File("run"), mask = Path.Combine(run, "mask.npz");
        Prune("--pattern", "1:4", "--skip", "*layers.0.*", "*embed*", "--out", run).AssertSuccess();

        CommandRun refused = CommandRun.Of(["prune", TinyModel.Folder, "--mask", mask, "--update-weights", "--data", TinyModel.TextPath,
            "--out", target, .. arguments]);

        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains($"--mask {mask}: ", refused.LastLine, StringComparison.Ordinal);
        Assert.Contains(expected, refused.LastLine, StringComparison.Ordinal);
        Assert.False(Path.Exists(target));
    }

    [Fact]
    public void PruneHelp_Choices_AreTheNamesOfTheCommandLine()
    {
        string help = CommandRun.Of("prune", "--help").Output;

        Assert.Contains("--update-weights <exact|none|own>", help, StringComparison.Ordinal);
        Assert.Contains("[default: none]", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_DamagedModel_KeepsTheEarlierRunDespiteForce()
    {
        string model = TinyModel.CopyTo(_folder.File("model")), weights = Path.Combine(model, "model.safetensors"),
            target = _folder.File("run");
        CommandRun.Of("prune", model, "--method", "magnitude", "--out", target).AssertSuccess();
        Dictionary<string, byte[]> before = Directory.GetFiles(target).ToDictionary(file => file, File.ReadAllBytes);
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^10]);

        Assert.Equal(2, CommandRun.Of("prune", model, "--method", "magnitude", "--out", target, "--force").ExitCode);

        Assert.Equal(before, Directory.GetFiles(target).ToDictionary(file => file, File.ReadAllBytes));
    }

    [Fact]
    public void Prune_Interrupted_WritesNothing()
    {
        string target = _folder.File("run");
        Assert.Equal(130, CommandRun.Stopped("prune", TinyModel.Folder, "--method", "magnitude", "--out", target).ExitCode);
        Assert.False(Path.Exists(target));
    }

    [Fact]
    public void Prune_IntoTheModelsFolder_IsRefused()
    {
        string model = TinyModel.CopyTo(_folder.File("model"));
        File.WriteAllText(Path.Combine(model, "README.md"), "theirs");
        Assert.Equal(2, CommandRun.Of("prune", model, "--method", "magnitude", "--out", model + "/", "--force").ExitCode);
        Assert.Equal("theirs", File.ReadAllText(Path.Combine(model, "README.md")));
    }

    [Fact]
    public void Prune_HubName_IsRefused()
    {
        CommandRun run = CommandRun.Of("prune", "somebody/some-model", "--method", "magnitude", "--out", _folder.File("run"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("hf download", run.Error, StringComparison.Ordinal);
    }

    private static CommandRun Prune(params string[] arguments) =>
        CommandRun.Of(["prune", TinyModel.Folder, "--method", "magnitude", "--threads", "2", .. arguments]);
}
