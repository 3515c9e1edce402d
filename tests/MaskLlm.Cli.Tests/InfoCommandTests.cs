using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class InfoCommandTests
{
    [Fact]
    public void Info_Json_SaysWhatTheProgramRunsOn()
    {
        CommandRun run = CommandRun.Of("info", "--threads", "1", "--json");

        run.AssertSuccess();
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["versions", "kernels", "memory", "processors", "threads", "devices"], report.Select(part => part.Key));
        Assert.Equal(
            ["maskllm", "torchsharp", "libtorch", "dotnet", "os", "processor"], report["versions"]!.AsObject()
                .Select(version => version.Key));
        Assert.Equal("2.10.0.0", (string?)report["versions"]!["libtorch"]);
        Assert.All(report["kernels"]!.AsObject(), kind =>
        {
            string[] available = [.. kind.Value!["available"]!.AsArray().Select(name => (string)name!)];
            Assert.Equal("scalar", available[^1]);
            Assert.Contains((string)kind.Value["chosen"]!, available);
        });
        Assert.InRange((long)report["memory"]!["available_bytes"]!, 1, (long)report["memory"]!["limit_bytes"]!);
        Assert.Equal(Environment.ProcessorCount, (int)report["processors"]!);
        Assert.Equal(1, (int)report["threads"]!);
        Assert.Equal("cpu", (string?)report["devices"]![0]);
    }

    [Fact]
    public async Task Info_ForcedKernel_IsTheOneShown()
    {
        using ProgramRun program = ProgramRun.StartShell("MASKLLM_KERNEL=scalar exec \"$@\"", [.. ProgramRun.Command, "info"]);

        CommandRun run = await program.End();

        run.AssertSuccess();
        Assert.Contains("kernel of products", run.Output, StringComparison.Ordinal);
        string[] kernels = [.. run.Output.Split('\n').Where(line => line.Contains("kernel of", StringComparison.Ordinal))];
        Assert.Equal(2, kernels.Length);
        Assert.All(kernels, line => Assert.Contains("scalar of ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Info_KernelThatTheProcessorLacks_IsBadInput()
    {
        using ProgramRun program = ProgramRun.StartShell("MASKLLM_KERNEL=other exec \"$@\"", [.. ProgramRun.Command, "info"]);

        CommandRun run = await program.End();

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("MASKLLM_KERNEL is 'other'", run.LastLine, StringComparison.Ordinal);
    }
}
