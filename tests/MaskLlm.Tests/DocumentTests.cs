using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace MaskLlm.Tests;

/// <summary>Links among documents lead somewhere, and no committed file names a place of somebody's machine.</summary>
public sealed partial class DocumentTests
{
    private static readonly string _root = HouseTests.RepositoryRoot();

    [Fact]
    public void Documents_EveryRelativeLink_LeadsToAFileAndAHeading()
    {
        string[] documents = [.. TrackedFiles().Where(file => Path.GetExtension(file) == ".md")];
        Assert.Contains(documents, file => file == "README.md");
        Assert.Empty(documents.SelectMany(file => BrokenLinks(_root, file, File.ReadAllText(Path.Combine(_root, file)))));
    }

    [Theory]
    [InlineData("[a](README.md)", 0)]
    [InlineData("[a](docs/house.md#the-house) and ![b](docs)", 0)]
    [InlineData("[a](https://arxiv.org/abs/2409.17481) [b](mailto:a@b.c)", 0)]
    [InlineData("`[a](nowhere.md)`\n\n```sh\n[a](nowhere.md)\n```", 0)]
    [InlineData("[a](nowhere.md)", 1)]
    [InlineData("![a](nowhere.png)", 1)]
    [InlineData("[a](docs/house.md#nothing)", 1)]
    [InlineData("[a](#nothing) [b](#some-thing-12)\n## Some *thing*: 1.2", 1)]
    public void BrokenLinks_KnownCases_AreFound(string text, int expected) =>
        Assert.Equal(expected, BrokenLinks(_root, "A.md", text).Count());

    /// <summary>A room and a file, such as `Masks/Mask.cs`, are where a document says.</summary>
    [Fact]
    public void Documents_EverySourceFileTheyName_IsThere()
    {
        string[] files = [.. TrackedFiles().Where(file => file.EndsWith(".cs", StringComparison.Ordinal)).Select(file => "/" + file)];
        (string Document, string Name)[] named = [.. TrackedFiles().Where(file => Path.GetExtension(file) == ".md")
            .Where(file => !file.StartsWith("docs/results/", StringComparison.Ordinal))
            .SelectMany(file => SourceFile().Matches(File.ReadAllText(Path.Combine(_root, file)))
                .Select(match => (file, match.Groups[1].Value)))];
        Assert.NotEmpty(named);
        Assert.All(named, one => Assert.Contains(files, file => file.EndsWith("/" + one.Name, StringComparison.Ordinal)));
    }

    [Fact]
    public void Readme_CSharp_IsThatOfTheSamples()
    {
        string readme = File.ReadAllText(Path.Combine(_root, "README.md"));
        string[] shown = [.. CSharp().Matches(readme).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)];
        string[] samples = [.. Directory.GetDirectories(Path.Combine(_root, "samples"))
            .Select(folder => File.ReadAllText(Path.Combine(folder, "Program.cs"))).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(shown);
        Assert.Equal(samples, shown);
    }

    [Fact]
    public void TrackedFiles_EveryText_NamesNoPlaceOfAMachine()
    {
        string[] named = [.. TrackedFiles().Where(file => File.Exists(Path.Combine(_root, file)))
            .SelectMany(file => TextOf(Path.Combine(_root, file)).Select(text => MachinePath().Match(text)).Where(match => match.Success)
                .Select(match => $"{file}: {match.Value}"))];
        Assert.Empty(named);
    }

    [Theory]
    [InlineData("tmp/x", true)]
    [InlineData("work/shared/data", true)]
    [InlineData("home/somebody/m", true)]
    [InlineData("root/.cache", true)]
    [InlineData("Users/somebody/m", true)]
    [InlineData("var/lib/x", false)]
    [InlineData("tmpfs/x", false)]
    public void MachinePath_KnownPlaces_AreFound(string place, bool expected)
    {
        foreach (string before in new[] { "", "\"", " ", "=", ":" }) Assert.Equal(expected, MachinePath().IsMatch($"{before}/{place}"));
        foreach (string before in new[] { "$work", "..", "~", "https://host", "}" })
            Assert.DoesNotMatch(MachinePath(), $"{before}/{place}");
    }

    private static IEnumerable<string> BrokenLinks(string root, string document, string text)
    {
        string shown = InlineCode().Replace(Fence().Replace(text, ""), "");
        foreach (string target in Link().Matches(shown).Select(match => match.Groups[1].Value))
        {
            if (Scheme().IsMatch(target)) continue;
            string[] parts = target.Split('#', 2);
            string path = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
            string full = Path.Combine(root, path);
            if (path != document && !File.Exists(full) && !Directory.Exists(full)) yield return $"{document}: {target} is not there.";
            else if (parts.Length == 2 && !Headings(path == document ? text : File.ReadAllText(full)).Contains(parts[1]))
                yield return $"{document}: {target} has no such heading.";
        }
    }

    // As GitHub makes them: lower case, without punctuation, a hyphen for a space.
    private static IEnumerable<string> Headings(string text) => Heading().Matches(Fence().Replace(text, ""))
        .Select(match => Punctuation().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    // A file with a zero byte near its beginning is none.
    private static IEnumerable<string> TextOf(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        return bytes.AsSpan(0, Math.Min(bytes.Length, 8192)).Contains((byte)0) ? [] : [Encoding.UTF8.GetString(bytes)];
    }

    private static string[] TrackedFiles()
    {
        ProcessStartInfo git = new("git", ["ls-files", "-z"]) { WorkingDirectory = _root, RedirectStandardOutput = true };
        string listed;
        int code;
        try
        {
            using Process process = Process.Start(git)!;
            listed = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            code = process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("git is not installed");
            throw;
        }
        Assert.SkipUnless(code == 0, "not a clone");
        return listed.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CSharp();

    [GeneratedRegex(@"`([A-Za-z.]+/[A-Za-z./]+\.cs)`")]
    private static partial Regex SourceFile();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^[a-z]+:")]
    private static partial Regex Scheme();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"(?<![\w.~}\]/*-])/(?:tmp|work|home|root|Users)/[\w.]")]
    private static partial Regex MachinePath();
}
