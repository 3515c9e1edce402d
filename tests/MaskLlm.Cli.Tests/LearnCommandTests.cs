using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class LearnCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Learn_TinyModel_WritesTheWholeFolder()
    {
        CommandRun run = Learn("run", "--json");

        run.AssertSuccess();
        string[] names = [.. Directory.GetFileSystemEntries(Out("run")).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        Assert.Equal(["README.md", "mask.npz", "metrics.jsonl", "prior.npz", "run.json"],
            names.Where(name => !name.StartsWith("events.", StringComparison.Ordinal)));
        string events = Assert.Single(names, name => name.StartsWith("events.out.tfevents.", StringComparison.Ordinal));
        Assert.True(new FileInfo(Path.Combine(Out("run"), events)).Length > 0);
        JsonObject written = JsonNode.Parse(File.ReadAllText(Path.Combine(Out("run"), "run.json")))!.AsObject();
        Assert.True(written.Remove("checksum"));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(run.Output), written));
        Assert.Contains("| learned | ", File.ReadAllText(Path.Combine(Out("run"), "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Learn_Json_HasTheFieldsThatProgramsRead()
    {
        JsonObject record = JsonNode.Parse(Learn("run", "--json").Output)!.AsObject();

        Assert.Equal(["verb", "options", "seed", "threads", "versions", "kernel", "inputs", "figures"], record.Select(pair => pair.Key));
        JsonObject figures = record["figures"]!.AsObject();
        string[] wanted = ["tokens", "seconds", "tokens_per_second", "peak_memory_bytes", "first_loss", "final_loss"];
        Assert.All(wanted, name => Assert.True((double)figures[name]! > 0, name));
        Assert.Equal(4 * 2 * 16, (long)figures["tokens"]!);
        Assert.Equal(["dense", "prior", "learned"], figures["perplexity"]!.AsObject().Select(pair => pair.Key));
        Assert.All(figures["perplexity"]!.AsObject(), pair => Assert.True((double)pair.Value! > 1, pair.Key));
        Assert.Equal(("2:4", 4, 16, 7),
            ((string?)record["options"]!["pattern"], (int)record["options"]!["steps"]!, (int)record["options"]!["seq-len"]!,
            (int)record["seed"]!));
        Assert.Contains(TinyModel.TextPath, record["inputs"]!.AsObject().Select(pair => pair.Key));
        Assert.Contains(record["inputs"]!.AsObject(), pair => pair.Key.EndsWith("model.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public void Learn_TinyModel_MaskKeepsTwoOfEveryFour()
    {
        Learn("run");
        IReadOnlyDictionary<string, (int, int)> shapes = CheckpointConfig.LinearShapes(TinyModel.Folder);
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(MaskOf("run"), shapes);
        Assert.Equal(shapes.Keys, masks.Keys);
        Assert.All(masks.Values, mask => Assert.Equal((0, 0.5), (mask.ViolationCount(NmPattern.TwoOfFour), mask.Density)));
    }

    [Fact]
    public void Learn_LogEvery_LogsNamedFiguresOfEachStep()
    {
        Learn("run", "--log-every", "1");
        JsonObject[] lines = [.. File.ReadLines(Path.Combine(Out("run"), "metrics.jsonl"))
            .Select(line => JsonNode.Parse(line)!.AsObject())];
        Assert.Equal([0, 1, 2, 3], lines.Select(line => (int)line["step"]!));
        Assert.All(lines, line => Assert.Equal(
            ["step", "loss", "reward", "gradient_norm", "mean_max_probability", "changed_groups", "tokens_per_second", "sampling_share"],
            line.Select(pair => pair.Key)));
    }

    [Fact]
    public void Learn_SaveModel_WritesWhatTheMaskComputes()
    {
        Learn("run", "--save-model").AssertSuccess();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using Decoder dense = Checkpoint.Load(TinyModel.Folder), written = Checkpoint.Load(Path.Combine(Out("run"), "model"));
        using MaskedWeights applied = MaskedWeights.Apply(dense,
            MaskNpz.Read(MaskOf("run"), CheckpointConfig.LinearShapes(TinyModel.Folder)));
        Tensor ids = arange(40).view(2, 20);
        Assert.Equal(0, (dense.Forward(ids) - written.Forward(ids)).abs().max().item<float>());
    }

    /// <summary>OUT/model holds the trained weights under the mask, and the run reports their perplexity.</summary>
    [Theory]
    [InlineData("only", "weights")]
    [InlineData("only", "norms")]
    [InlineData("with-masks", "weights")]
    public void Learn_TrainWeights_WritesTheTrainedModel(string which, string parts)
    {
        string[] train = ["--train-weights", which, "--weight-learning-rate", "1e-2", "--train", parts];
        JsonNode record = JsonNode.Parse(Learn("run", ["--json", "--prior", "magnitude", .. train]).Output)!;
        IReadOnlyDictionary<string, (int, int)> shapes = CheckpointConfig.LinearShapes(TinyModel.Folder);
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(MaskOf("run"), shapes);
        using Decoder dense = Checkpoint.Load(TinyModel.Folder), trained = Checkpoint.Load(Path.Combine(Out("run"), "model"));
        foreach ((LinearLayer before, LinearLayer after) in dense.Linears.Zip(trained.Linears))
        {
            using Tensor bits = MaskTensors.ToTensor(masks[before.Name], CPU, ScalarType.Bool),
                pruned = after.Weight.ne(0).logical_and(bits.logical_not());
            Assert.Equal(0, pruned.sum().item<long>());
            using Tensor moved = after.Weight.ne(before.Weight).logical_and(bits);
            Assert.True(moved.sum().item<long>() > 0.5 * bits.sum().item<long>(), before.Name);
        }
        Assert.All(dense.Parameters.Where(pair => pair.Value.dim() == 1), pair =>
            Assert.Equal(parts == "norms", !trained.Parameters[pair.Key].bytes.SequenceEqual(pair.Value.bytes)));
        Assert.Equal(which, (string?)record["options"]!["train-weights"]);
        Assert.NotEqual((double)record["figures"]!["perplexity"]!["prior"]!, (double)record["figures"]!["perplexity"]!["learned"]!);
        Assert.False(Directory.Exists(Path.Combine(Out("run"), "checkpoint")));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("only")]
    public void Learn_Tasks_AsksTheDenseModelThePriorAndTheResult(string train)
    {
        string[] tasks = [.. TinyTasks.Write(_folder), "--train-weights", train, "--prior", "magnitude"];
        JsonNode record = JsonNode.Parse(Learn("run", ["--json", .. tasks]).Output)!;
        JsonObject asked = record["figures"]!["tasks"]!.AsObject();
        Assert.Equal(["dense", "prior", "learned"], asked.Select(pair => pair.Key));
        Assert.All(asked, pair => Assert.Equal(["piqa", "lambada_openai"], pair.Value!.AsObject().Select(task => task.Key)));
        Assert.Equal(["piqa,lambada_openai", _folder.Path],
            [string.Join(',', record["options"]!["tasks"]!.AsArray()), (string)record["options"]!["task-data"]!]);
        string card = File.ReadAllText(Path.Combine(Out("run"), "README.md"));
        Assert.Contains("| zero-shot accuracy | dense | prior | learned |", card, StringComparison.Ordinal);
        Assert.Contains("| piqa (2) | ", card, StringComparison.Ordinal);
        // What is said of the result is what eval says of its mask.
        string[] evaluated = train == "none" ? [TinyModel.Folder, "--mask", MaskOf("run")] : [Path.Combine(Out("run"), "model")];
        CommandRun eval = CommandRun.Of(["eval", .. evaluated, .. TinyTasks.Write(_folder), "--json", "--threads", "2"]);
        JsonNode row = JsonNode.Parse(eval.Output)!["rows"]!.AsArray()[^1]!;
        Assert.Equal((double)row["tasks"]!["lambada_openai"]!["perplexity"]!, (double)asked["learned"]!["lambada_openai"]!["perplexity"]!,
            0.02 * (double)row["tasks"]!["lambada_openai"]!["perplexity"]!);
        Assert.Matches("piqa +│ [0-9.]+ +│ [0-9.]+ +│ [0-9.]+", Learn("other", tasks).Output);
    }

    [Fact]
    public void Learn_SaveLogits_WritesGroupsByCandidates()
    {
        Learn("run", "--save-logits").AssertSuccess();
        using SafetensorsFile logits = SafetensorsFile.Open(Path.Combine(Out("run"), "logits.safetensors"));
        IReadOnlyDictionary<string, (int Rows, int Columns)> shapes = CheckpointConfig.LinearShapes(TinyModel.Folder);
        Assert.Equal(shapes.Count, logits.Tensors.Count);
        Assert.All(shapes, pair => Assert.Equal([pair.Value.Rows * pair.Value.Columns / 4, 6], logits.Tensors[pair.Key].Shape));
        Assert.Equal("2:4", logits.Metadata["pattern"]);
    }

    [Fact]
    public void Learn_SameSeedTwice_GivesTheSameBytes()
    {
        Learn("first");
        Learn("second");
        Assert.Equal(File.ReadAllBytes(MaskOf("first")), File.ReadAllBytes(MaskOf("second")));
    }

    [Fact]
    public void Learn_PriorNone_ReportsNoPriorAndAnotherMask()
    {
        Learn("default");
        CommandRun run = Learn("none", "--prior", "none", "--json");
        run.AssertSuccess();
        Assert.Null(JsonNode.Parse(run.Output)!["figures"]!["perplexity"]!["prior"]);
        Assert.NotEqual(File.ReadAllBytes(MaskOf("default")), File.ReadAllBytes(MaskOf("none")));
    }

    /// <summary>Pruned on the data before learning, kept beside the mask, and the same as that file named.</summary>
    [Theory]
    [InlineData("sparsegpt")]
    [InlineData("wanda")]
    public void Learn_PriorMethod_PrunesOnTheData(string method)
    {
        string[] named = method == "sparsegpt" ? [] : ["--prior", method];
        CommandRun run = Learn("run", ["--json", .. named]);
        string prior = Path.Combine(Out("run"), "prior.npz");
        JsonNode record = JsonNode.Parse(run.Output)!;
        Assert.Equal(method, (string?)record["options"]!["prior"]);
        Assert.True((double)record["figures"]!["prior_seconds"]! > 0);
        Learn("magnitude", "--prior", "magnitude");
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(Out("magnitude"), "prior.npz")), File.ReadAllBytes(prior));

        JsonNode again = JsonNode.Parse(Learn("again", "--prior", prior, "--json").Output)!;

        Assert.Equal(File.ReadAllBytes(MaskOf("run")), File.ReadAllBytes(MaskOf("again")));
        Assert.Equal((double)record["figures"]!["perplexity"]!["prior"]!, (double)again["figures"]!["perplexity"]!["prior"]!);
    }

    [Fact]
    public void Learn_PriorFile_StartsFromItsMask()
    {
        Learn("first", "--prior", "none");
        // So strong a prior that four steps change nothing.
        CommandRun run = Learn("second", "--prior", MaskOf("first"), "--prior-strength", "1000", "--json");
        run.AssertSuccess();
        Assert.Equal(File.ReadAllBytes(MaskOf("first")), File.ReadAllBytes(MaskOf("second")));
        Assert.Contains(MaskOf("first"), JsonNode.Parse(run.Output)!["inputs"]!.AsObject().Select(pair => pair.Key));
    }

    [Fact]
    public void Learn_WithoutJson_PrintsDenseBesideSparse()
    {
        CommandRun run = Learn("run");
        Assert.All(["dense", "prior", "learned", "tokens seen", "seed 7", Out("run")], text =>
            Assert.Contains(text, run.Output, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private CommandRun Learn(string name, params string[] more) => CommandRun.Of(
        ["learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", Out(name), "--steps", "4", "--batch-size", "2", "--seq-len",
            "16", "--seed", "7", "--threads", "1", .. more]);

    private string Out(string name) => _folder.File(name);

    private string MaskOf(string name) => Path.Combine(Out(name), "mask.npz");
}
