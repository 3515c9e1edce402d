using System.Text.RegularExpressions;

namespace MaskLlm.Tests;

/// <summary>A room uses rooms on lower shelves only, and TorchSharp begins at shelf 5.</summary>
public sealed partial class HouseTests
{
    private const int FirstTorchShelf = 5;

    private static readonly Dictionary<string, int> Shelves = new(StringComparer.Ordinal)
    {
        ["Patterns"] = 0,
        ["Json"] = 0,
        ["Kernels"] = 1,
        ["Masks"] = 2,
        ["Chat"] = 3,
        ["Formats"] = 3,
        ["Tokens"] = 3,
        ["Data"] = 4,
        ["Models"] = 5,
        ["Calibration"] = 6,
        ["Evaluation"] = 6,
        ["Optimization"] = 6,
        ["Runs"] = 6,
        ["Priors"] = 7,
        ["Runtime"] = 7,
        ["Learning"] = 8,
        ["Pretraining"] = 8,
        ["Serving"] = 8,
        ["Experiments"] = 9,
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
