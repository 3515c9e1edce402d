using System.Text.Json;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public class DemoCommandTests
{
    [Fact]
    public void Demo_FewSteps_PrintsItsFiguresAndLeavesARun()
    {
        _ = TinyModel.Folder;   // sends the token cache to a temporary folder
        using TemporaryFolder folder = new();

        CommandRun run = CommandRun.Of("demo", "--steps", "2", "--out", folder.File("run"), "--json");

        run.AssertSuccess();
        JsonElement summary = JsonDocument.Parse(run.Output).RootElement, perplexity = summary.GetProperty("perplexity");
        Assert.InRange(perplexity.GetProperty("dense").GetDouble(), 1, perplexity.GetProperty("magnitude").GetDouble());
        Assert.True(perplexity.GetProperty("learned").GetDouble() > 1);
        Assert.True(summary.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(folder.File("run"), summary.GetProperty("folder").GetString());
        Assert.True(File.Exists(folder.File("run/mask.npz")));
        JsonElement options = JsonDocument.Parse(File.ReadAllText(folder.File("run/run.json"))).RootElement.GetProperty("options");
        Assert.Equal("demo-model", options.GetProperty("model").GetString());
        Assert.StartsWith("dotnet-docs-", options.GetProperty("data")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(2, CommandRun.Of("demo", "--steps", "2", "--out", folder.File("run")).ExitCode);
        Assert.Contains("is complete and --resume has nothing to go on with",
            CommandRun.Of("demo", "--steps", "2", "--out", folder.File("run"), "--resume").LastLine, StringComparison.Ordinal);
    }
}
