using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class InspectCommandTests
{
    private static readonly string Model = Fixture.PathOf("models/llama-gqa-tied");
    private static readonly string Mask = Fixture.PathOf("method/llama-gqa-tied.wanda.mask_compressed.npz");
    private const string First = "model.layers.0.self_attn.q_proj.weight";

    [Fact]
    public void Inspect_MaskFile_PrintsOneJsonObject()
    {
        CommandRun run = CommandRun.Of("inspect", Mask, "--json");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["pattern", "density", "tensors"], report.Select(pair => pair.Key));
        Assert.Equal("2:4", (string?)report["pattern"]);
        Assert.Equal(0.5, (double)report["density"]!);
        JsonArray tensors = report["tensors"]!.AsArray();
        Assert.Equal(14, tensors.Count);
        Assert.Equal(["name", "shape", "pattern", "density", "violations"], tensors[0]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(First, (string?)tensors[0]!["name"]);
        Assert.All(tensors, tensor => Assert.Null(tensor!["shape"]));
        Assert.All(tensors, tensor => Assert.Equal(0, (long)tensor!["violations"]!));
    }

    [Fact]
    public void Inspect_MaskFileWithModel_HasShapes()
    {
        CommandRun run = CommandRun.Of("inspect", Mask, "--model", Model, "--against", Mask, "--json");
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal("[32,32]", report["tensors"]![0]!["shape"]!.ToJsonString());
        Assert.Equal(["groups", "equal_groups", "equal_bits"], report["agreement"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(1, (double)report["agreement"]!["equal_bits"]!);
    }

    [Fact]
    public void Inspect_DenseCheckpoint_HasNoPatternAndViolatesTwoOfFour()
    {
        CommandRun run = CommandRun.Of("inspect", Model, "--json");
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.True(report.ContainsKey("pattern"));
        Assert.Null(report["pattern"]);
        Assert.Equal(14, report["tensors"]!.AsArray().Count);
        Assert.Equal(1, (double)report["density"]!);
        Assert.Equal(32 * 32 / 4, (long)report["tensors"]![0]!["violations"]!);
    }

    [Fact]
    public void Inspect_AgainstAFileOfOtherTensors_SaysHowManyWereCompared()
    {
        CommandRun run = CommandRun.Of("inspect", Path.Combine(Model, "model.safetensors"), "--against", Mask, "--json");
        run.AssertSuccess();
        Assert.Contains("compared 14 tensors", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, (long)JsonNode.Parse(run.Output)!["agreement"]!["equal_groups"]!);
    }

    [Fact]
    public void Inspect_WithoutJson_PrintsATableWithWholeNames()
    {
        CommandRun run = CommandRun.Of("inspect", Mask, "--model", Model, "--against", Mask);
        run.AssertSuccess();
        string[] lines = run.Output.Split('\n');
        string row = Assert.Single(lines, line => line.Contains(First, StringComparison.Ordinal));
        Assert.Equal([First, "32", "x", "32", "2:4", "50.00", "%", "0"], row.Split(['│', '|', ' '], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("14 tensors: pattern 2:4, density 50.00 %, 0 groups violate it", lines);
        Assert.Single(lines, line => line.StartsWith("agreement over 14 of 14 tensors: ", StringComparison.Ordinal));
        Assert.DoesNotContain('\e', run.Output);
    }

    [Fact]
    public void Inspect_FileWithoutModel_SaysWhatIsAssumedOfItsRows()
    {
        const string Line = "rows are assumed to be outputs; name --model where a checkpoint stores (inputs, outputs), as GPT-2 does";
        string weights = Path.Combine(Model, "model.safetensors");
        foreach (string[] args in new string[][] { [Mask], [weights], [Mask, "--against", weights] })
            Assert.Single(CommandRun.Of(["inspect", .. args]).Output.Split('\n'), Line);
        foreach (string[] args in new string[][] { [Mask, "--model", Model], [weights, "--model", Model], [Model],
            [Mask, "--against", Model] })
            Assert.DoesNotContain("assumed", CommandRun.Of(["inspect", .. args]).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("absent.npz", "there is no such file")]
    [InlineData("", "needed|no such|config.json")]
    public void Inspect_NothingThere_IsBadInput(string name, string expected)
    {
        using TemporaryFolder folder = new();
        CommandRun run = CommandRun.Of("inspect", folder.File(name));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Matches(expected, run.Error);
    }
}
