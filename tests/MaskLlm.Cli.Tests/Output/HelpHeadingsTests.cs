using System.CommandLine;

namespace MaskLlm.Cli.Tests.Output;

public sealed class HelpHeadingsTests
{
    [Fact]
    public void Learn_Help_ShowsTenOptionsFirstAndEveryOtherOnce()
    {
        CommandRun run = CommandRun.Of("learn", "--help");

        run.AssertSuccess();
        string[] parts = run.Output.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        string first = Assert.Single(parts, part => part.StartsWith("Options that people use first:", StringComparison.Ordinal));
        Assert.Equal(
            ["--data", "--out", "--recipe", "--prior", "--pattern", "--steps", "--batch-size", "--seq-len", "--skip", "--resume"],
                Names(first));
        Assert.Contains("--kappa", Names(Assert.Single(parts, part => part.StartsWith("Sampling of masks:", StringComparison.Ordinal))));
        Command learn = CommandLine.Root(CancellationToken.None).Subcommands.Single(verb => verb.Name == "learn");
        string[] all = [.. learn.Options.Select(option => option.Name).Append("--verbose").Append("--help").Order(StringComparer.Ordinal)];
        Assert.Equal(all, Names(run.Output).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Prune_Help_IsAsUsual() =>
        Assert.Contains("\nOptions:\n", CommandRun.Of("prune", "--help").Output, StringComparison.Ordinal);

    private static IEnumerable<string> Names(string text) => text.Split('\n')
        .Where(line => line.StartsWith("  -", StringComparison.Ordinal)).Select(line => line.Trim().Split([' ', ','])[0])
        .Select(name => name is "-?" ? "--help" : name);
}
