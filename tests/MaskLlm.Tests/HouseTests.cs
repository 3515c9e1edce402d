using System.Text.RegularExpressions;

namespace MaskLlm.Tests;

/// <summary>A room uses rooms on lower shelves only, and TorchSharp begins at shelf 6.</summary>
public sealed partial class HouseTests
{
    private const int FirstTorchShelf = 6;

    private static readonly Dictionary<string, int> Shelves = new(StringComparer.Ordinal)
    {
        ["Numerals"] = 0,
        ["Patterns"] = 1,
        ["Json"] = 1,
        ["Kernels"] = 2,
        ["Masks"] = 3,
        ["Chat"] = 4,
        ["Formats"] = 4,
        ["Tokens"] = 4,
        ["Data"] = 5,
        ["Models"] = 6,
        ["Calibration"] = 7,
        ["Evaluation"] = 7,
        ["Optimization"] = 7,
        ["Runs"] = 7,
        ["Priors"] = 8,
        ["Runtime"] = 8,
        ["Learning"] = 9,
        ["Pretraining"] = 9,
        ["Serving"] = 9,
        ["Experiments"] = 10,
    };

    [Fact]
    public void Library_EveryFile_KeepsToTheShelves()
    {
        string library = Path.Combine(RepositoryRoot(), "src", "MaskLlm");
        string[] files = Directory.GetFiles(library, "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => Breaches(Path.GetRelativePath(library, file), File.ReadAllText(file))));
    }

    [Theory]
    [InlineData("Masks/A.cs", "using MaskLlm.Patterns;", 0)]
    [InlineData("Masks/A.cs", "namespace MaskLlm.Masks; class A { MaskLlm.Masks.Mask m; }", 0)]
    [InlineData("Masks/A.cs", "/// <see cref=\"MaskLlm.Learning.Trainer\"/>", 0)]
    [InlineData("Masks/A.cs", "using MaskLlm.Formats.MaskNpz;", 1)]
    [InlineData("Masks/A.cs", "using static MaskLlm.Learning.Trainer;", 1)]
    [InlineData("Masks/A.cs", "global using X = MaskLlm.Models.Model;", 1)]
    [InlineData("Masks/A.cs", "class A { global::MaskLlm.Learning.Trainer t; }", 1)]
    [InlineData("Formats/Numpy/A.cs", "using MaskLlm.Tokens;", 1)]
    [InlineData("Formats/A.cs", "using MaskLlm.Cli;", 1)]
    [InlineData("Data/A.cs", "using TorchSharp;", 1)]
    [InlineData("Data/A.cs", "using static TorchSharp.torch;", 1)]
    [InlineData("Models/A.cs", "using static TorchSharp.torch;", 0)]
    [InlineData("Utils/A.cs", "", 1)]
    [InlineData("A.cs", "", 1)]
    public void Breaches_KnownCases_AreFound(string file, string text, int expected) => Assert.Equal(expected, Breaches(file, text).Count());

    private static IEnumerable<string> Breaches(string relativePath, string text)
    {
        string room = relativePath.Replace('\\', '/').Split('/')[0];
        if (!Shelves.TryGetValue(room, out int shelf)) return [$"{relativePath}: {room} is no room; add it to a shelf."];
        string code = string.Join('\n', text.Split('\n').Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));
        IEnumerable<string> upward = RoomReference().Matches(code).Select(match => match.Groups[1].Value).Distinct()
            .Where(other => other != room && (!Shelves.TryGetValue(other, out int otherShelf) || otherShelf >= shelf))
            .Select(other => $"{relativePath}: {room} is on shelf {shelf} and may not use {other}.");
        bool torchTooLow = shelf < FirstTorchShelf && TorchUsing().IsMatch(code);
        return torchTooLow ? upward.Append($"{relativePath}: TorchSharp begins at shelf {FirstTorchShelf} and {room} is on shelf {shelf}.") : upward;
    }

    internal static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MaskLlm.slnx"))) return folder.FullName;
        }
        throw new InvalidOperationException($"No repository above {AppContext.BaseDirectory}.");
    }

    [GeneratedRegex(@"(?<![\w.])MaskLlm\.([A-Z]\w*)")]
    private static partial Regex RoomReference();

    [GeneratedRegex(@"\busing\b[^;\n]*\bTorchSharp\b")]
    private static partial Regex TorchUsing();
}
