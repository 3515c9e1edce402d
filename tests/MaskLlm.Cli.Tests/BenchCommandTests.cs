using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public class BenchCommandTests
{
    [Fact]
    public void Learn_Json_HasTheFieldsThatProgramsRead()
    {
        CommandRun run = CommandRun.Of("bench", "learn", TinyModel.Folder, "--batch-size", "2", "--seq-len", "16", "--repeats", "2",
            "--moments", "int8", "--json");

        run.AssertSuccess();
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["sample", "backward", "update"], report["rows"]!.AsArray().Select(row => (string?)row!["what"]));
        Assert.All(report["rows"]!.AsArray(), row =>
            Assert.Equal((double)row!["plain_ns"]! / (double)row["fused_ns"]!, (double)row["ratio"]!, 1e-9));
        string[] wanted = ["dense_step_seconds", "learn_step_seconds", "step_ratio", "tokens_per_second", "peak_memory_bytes"];
        Assert.All(wanted, name => Assert.True((double)report[name]! > 0, name));
        Assert.Equal(32 / (double)report["learn_step_seconds"]!, (double)report["tokens_per_second"]!,
            1e-6 * (double)report["tokens_per_second"]!);
        Assert.InRange((double)report["state_bytes_per_weight"]!, 9, 9.3);
    }

    [Fact]
    public void Learn_ColumnsNotDivisible_SaysSoInOneSentence()
    {
        CommandRun run = CommandRun.Of("bench", "learn", TinyModel.Folder, "--pattern", "2:5");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--skip", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Busy_Json_HasTheFourKindsOfWork()
    {
        CommandRun run = CommandRun.Of("bench", "busy", TinyModel.Folder, "--seconds", "0", "--repeats", "1", "--threads", "2", "--json");

        run.AssertSuccess();
        JsonArray rows = JsonNode.Parse(run.Output)!["rows"]!.AsArray();
        Assert.Equal(["learn", "eval", "prune", "decode"], rows.Select(row => (string?)row!["what"]));
        Assert.All(rows, row => Assert.Equal((double)row!["busy"]! / (double)row["quiet"]!, (double)row["ratio"]!, 1e-9));
        Assert.All(rows, row => Assert.True((double)row!["quiet"]! > 0));
    }

    [Theory]
    [InlineData("learn")]
    [InlineData("busy")]
    public void Help_OfAVerbOfBench_ShowsItsOwnModelOnly(string verb)
    {
        CommandRun run = CommandRun.Of("bench", verb, "--help");

        run.AssertSuccess();
        Assert.Contains($"bench {verb} <MODEL>", run.Output, StringComparison.Ordinal);
        Assert.Equal(2, run.Output.Split("<MODEL>").Length - 1);
        Assert.DoesNotContain("--shape", run.Output, StringComparison.Ordinal);
        Assert.Contains("[<MODEL>]", CommandRun.Of("bench", "--help").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--processes", "0")]
    [InlineData("--repeats", "0")]
    [InlineData("--seconds", "-1")]
    public void Busy_NumberOutOfRange_NamesTheOption(string option, string value)
    {
        CommandRun run = CommandRun.Of("bench", "busy", TinyModel.Folder, option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
    }
}
