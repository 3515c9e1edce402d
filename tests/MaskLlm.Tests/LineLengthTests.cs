using System.Text.RegularExpressions;

namespace MaskLlm.Tests;

/// <summary>Lines of the source end at 140 columns, but those that one text makes longer.</summary>
public sealed partial class LineLengthTests
{
    private const int Longest = 140;

    [Fact]
    public void Source_EveryLine_EndsInTime()
    {
        string root = HouseTests.RepositoryRoot();
        string[] files =
        [
            .. new[] { "src", "tests", "bench", "samples" }
                .SelectMany(folder => Directory.GetFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories)),
        ];
        Assert.True(files.Length > 500);
        Assert.Empty(files.SelectMany(file => TooLong(Path.GetRelativePath(root, file), File.ReadAllLines(file))));
    }

    [Fact]
    public void TooLong_KnownLines_AreFound()
    {
        string words = new('x', Longest - 10);
        Assert.Empty(TooLong("A.cs", ["    " + words]));
        Assert.Equal(["A.cs:1"], TooLong("A.cs", ["            " + words]));
        Assert.Empty(TooLong("A.cs", [$"        A(\"{words}\");"]));
        Assert.Empty(TooLong("A.cs", ["string a = \"\"\"", "          " + words, "\"\"\";"]));
        Assert.Equal(["A.cs:4"], TooLong("A.cs", ["string a = \"\"\"", "x", "\"\"\";", "            " + words]));
    }

    private static IEnumerable<string> TooLong(string file, string[] lines)
    {
        bool isText = false;
        for (int i = 0; i < lines.Length; i++)
        {
            int ends = RawText().Count(lines[i]);
            if (lines[i].Length > Longest && !isText && ends == 0 && !LongText().IsMatch(lines[i])) yield return $"{file}:{i + 1}";
            isText ^= ends % 2 == 1;
        }
    }

    [GeneratedRegex("\"\"\"")]
    private static partial Regex RawText();

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.){60,}\"")]
    private static partial Regex LongText();
}
