using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class SensitivityCommandTests : IDisposable
{
    private static readonly string[] Kinds = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sensitivity_MagnitudeOrItsFile_MeasuresBlocksAndKindsAlike()
    {
        JsonObject report = Json("--mask", "magnitude", "--max-loss", "0.01"), ofFile = Json("--mask", Prune(), "--max-loss", "0.01");

        Assert.Equal(
            ["model", "data", "mask", "seq_len", "windows", "dense_perplexity", "masked_perplexity", "increase", "blocks", "kinds",
            "max_loss", "skip_blocks", "skip_kinds", "skip"],
            report.Select(member => member.Key));
        Assert.Equal(["model.layers.0", "model.layers.1"], Parts(report, "blocks"));
        Assert.Equal(Kinds.Order(), Parts(report, "kinds").Order());
        Assert.Equal(CheckpointConfig.LinearShapes(TinyModel.Folder).Keys.Take(7).Select(name => name.Split('.')[^2]),
            Parts(report, "kinds"));
        foreach (string parts in new[] { "blocks", "kinds" })
        {
            Assert.True(JsonNode.DeepEquals(report[parts], ofFile[parts]));
            Assert.Equal(CheckpointConfig.LinearShapes(TinyModel.Folder).Values.Sum(shape => shape.Rows * shape.Columns),
                report[parts]!.AsArray().Sum(row => (int)row!["weights"]!));
            foreach (JsonNode? row in report[parts]!.AsArray())
                Assert.Equal(Math.Log((double)row!["perplexity"]! / (double)report["dense_perplexity"]!), (double)row["increase"]!, 1e-9);
        }
        Assert.Equal(Math.Log((double)report["masked_perplexity"]! / (double)report["dense_perplexity"]!), (double)report["increase"]!,
            1e-9);
    }

    [Fact]
    public void Sensitivity_OneBlock_IsWhatEvalGivesForItsMask()
    {
        JsonObject report = Json("--mask", "magnitude");

        CommandRun eval = CommandRun.Of("eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask",
            Prune("--skip", "model.layers.0.*"), "--max-windows", "4", "--threads", "2", "--json");

        JsonArray rows = JsonNode.Parse(eval.Output)!["rows"]!.AsArray();
        Assert.Equal((double)rows[0]!["perplexity"]!, (double)report["dense_perplexity"]!);
        Assert.Equal((double)rows[1]!["perplexity"]!, (double)report["blocks"]![1]!["perplexity"]!);
    }

    [Fact]
    public void Sensitivity_ForPeople_PrintsOptionsThatPruneTakes()
    {
        CommandRun run = CommandRun.Of("sensitivity", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", "magnitude",
            "--max-windows", "4", "--threads", "2");

        run.AssertSuccess();
        Assert.Contains("model.layers.1", run.Output, StringComparison.Ordinal);
        Assert.Contains("measuring sensitivity 100", run.Error, StringComparison.Ordinal);
        string options = run.Output.Split('\n').First(line => line.StartsWith("  --skip", StringComparison.Ordinal));
        string[] skip = options.Replace("'", "", StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string mask = Prune(skip);
        Assert.InRange(MaskNpz.ReadPacked(mask).Count, 1, 13);
        CommandRun eval = CommandRun.Of("eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", mask, "--max-windows", "4",
            "--threads", "2", "--json");
        JsonArray rows = JsonNode.Parse(eval.Output)!["rows"]!.AsArray();
        double measured = Math.Log((double)rows[1]!["perplexity"]! / (double)rows[0]!["perplexity"]!);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"measured {measured:0.0000}"), run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Sensitivity_MaskOfSomeLayers_LeavesTheOthersInTheSuggestion()
    {
        JsonObject report = Json("--mask", Prune("--skip", "*.up_proj.weight"));
        Assert.DoesNotContain("up_proj", Parts(report, "kinds"));
        foreach (string list in new[] { "skip_blocks", "skip_kinds" })
            if (report[list] is { } suggestion) Assert.Equal("*.up_proj.weight", (string?)suggestion["skip"]![0]);
        Assert.NotNull(report["skip"]);
    }

    [Fact]
    public void Sensitivity_LossAsLargeAsTheMasks_SkipsNothing()
    {
        CommandRun run = CommandRun.Of("sensitivity", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", "magnitude",
            "--max-windows", "2", "--max-loss", "100", "--threads", "2");
        Assert.Contains("nothing needs to be skipped", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--skip", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Sensitivity_BadInput_SaysWhatInOneSentence()
    {
        string text = TinyModel.TextPath, none = _folder.File("none");
        Refused(none, TinyModel.Folder, "--data", text, "--mask", none);
        Refused("no such file", TinyModel.Folder, "--data", none, "--mask", "magnitude");
        Refused("--max-loss is -1", TinyModel.Folder, "--data", text, "--mask", "magnitude", "--max-loss", "-1");
        Refused("64 positions", TinyModel.Folder, "--data", text, "--mask", "magnitude", "--seq-len", "65");
        Refused("--max-windows is 0", TinyModel.Folder, "--data", text, "--mask", "magnitude", "--max-windows", "0");
        Refused("pattern 1:3 needs a multiple of 3", TinyModel.Folder, "--data", text, "--mask", "magnitude", "--pattern", "1:3");
        Refused("hf download", "somebody/some-model", "--data", text, "--mask", "magnitude");
        Refused("another model", Fixture.PathOf("models/llama-mha-untied"), "--data", text, "--mask", Prune());
        Refused("--mask", TinyModel.Folder, "--data", text);
    }

    [Fact]
    public void Sensitivity_Interrupted_Says130()
    {
        string[] arguments = ["sensitivity", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", "magnitude", "--threads", "2"];
        Assert.Equal(130, CommandRun.Stopped(arguments).ExitCode);
        CommandRun during = CommandRun.StoppedAt("measuring sensitivity", arguments);
        Assert.Equal((130, "", "interrupted"), (during.ExitCode, during.Output, during.LastLine));
    }

    private static void Refused(string expected, params string[] arguments)
    {
        CommandRun run = CommandRun.Of(["sensitivity", .. arguments, "--json"]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private static JsonObject Json(params string[] arguments)
    {
        CommandRun run = CommandRun.Of(["sensitivity", TinyModel.Folder, "--data", TinyModel.TextPath, "--max-windows", "4", "--threads",
            "2", "--json", .. arguments]);
        Assert.Equal((0, run.Error), (run.ExitCode, run.Error));
        return JsonNode.Parse(run.Output)!.AsObject();
    }

    private static IEnumerable<string> Parts(JsonObject report, string list) => report[list]!.AsArray()
        .Select(row => (string)row!["part"]!);

    private string Prune(params string[] arguments)
    {
        string folder = _folder.File(Guid.NewGuid().ToString("N"));
        CommandRun.Of(["prune", TinyModel.Folder, "--method", "magnitude", "--out", folder, "--threads", "2", .. arguments])
            .AssertSuccess();
        return Path.Combine(folder, "mask.npz");
    }
}
