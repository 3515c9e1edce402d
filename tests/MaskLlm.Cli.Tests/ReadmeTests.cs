using System.Text.RegularExpressions;

namespace MaskLlm.Cli.Tests;

/// <summary>The commands that the documentation shows are commands that the program takes.</summary>
public partial class ReadmeTests
{
    [Fact]
    public void Documentation_EveryCommand_Parses()
    {
        string root = RepositoryRoot();
        string[] pages = [Path.Combine(root, "README.md"),
            .. Directory.GetFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories),
            Path.Combine(root, "models", "demo", "README.md")];
        string[] commands = [.. pages.SelectMany(page => Commands(File.ReadAllText(page)))];

        Assert.NotEmpty(commands);
        Assert.All(commands, command =>
            Assert.Empty(CommandLine.Root(CancellationToken.None).Parse(command).Errors.Select(error => $"{command}: {error.Message}")));
    }

    // Lines of shell blocks that start with maskllm, or with the way to run it from a clone; a backslash joins lines.
    private static IEnumerable<string> Commands(string page) => ShellBlock().Matches(page)
        .SelectMany(block => block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        .Select(line => line.Split(" #")[0]
            .Replace("dotnet run -c Release --project src/MaskLlm.Cli --", "maskllm", StringComparison.Ordinal).Trim())
        .Where(line => line.StartsWith("maskllm ", StringComparison.Ordinal))
        .Select(line => line["maskllm ".Length..].Replace("...", "", StringComparison.Ordinal));

    internal static string RepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "MaskLlm.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("no repository above the tests");
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();
}
