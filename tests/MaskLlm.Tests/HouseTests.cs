using System.Globalization;
using System.Text.RegularExpressions;

namespace MaskLlm.Tests;

/// <summary>The table and the picture of docs/house.md against the source: rooms use lower shelves only, projects what the arrows
/// say.</summary>
public sealed partial class HouseTests
{
    private const string TorchProject = "Learning", CommandLine = "Cli", Prefix = "MaskLlm.";

    private static readonly Dictionary<string, (int Shelf, string Project)> Rooms = ReadTable();

    [Fact]
    public void Projects_EveryFile_KeepsToTheShelves()
    {
        string source = Path.Combine(RepositoryRoot(), "src");
        string[] files = Directory.GetFiles(source, "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => Breaches(Path.GetRelativePath(source, file), File.ReadAllText(file))));
    }

    [Fact]
    public void Table_EveryRoom_Exists()
    {
        string source = Path.Combine(RepositoryRoot(), "src");
        Assert.All(Rooms, room => Assert.True(Directory.Exists(FolderOf(source, room.Key, room.Value.Project)), room.Key));
    }

    [Fact]
    public void Picture_Arrows_AreTheProjectsReferences()
    {
        string[] arrows = [.. Arrow().Matches(House()).Select(match => $"{match.Groups[1].Value} -> {match.Groups[2].Value}")
            .Order(StringComparer.Ordinal)];
        string[] references =
        [
            .. Directory.GetFiles(Path.Combine(RepositoryRoot(), "src"), "*.csproj", SearchOption.AllDirectories)
                .SelectMany(file => Reference().Matches(File.ReadAllText(file))
                    .Select(match => $"{Path.GetFileNameWithoutExtension(file)[Prefix.Length..]} -> {match.Groups[1].Value}"))
                .Order(StringComparer.Ordinal),
        ];
        Assert.NotEmpty(references);
        Assert.Equal(references, arrows);
    }

    [Theory]
    [InlineData("MaskLlm.Core/Masks/A.cs", "using MaskLlm.Patterns;", 0)]
    [InlineData("MaskLlm.Core/Masks/A.cs", "namespace MaskLlm.Masks; class A { MaskLlm.Masks.Mask m; }", 0)]
    [InlineData("MaskLlm.Core/Masks/A.cs", "/// <see cref=\"MaskLlm.Learning.Trainer\"/>", 0)]
    [InlineData("MaskLlm.Core/Masks/A.cs", "using MaskLlm.Formats.MaskNpz;", 1)]
    [InlineData("MaskLlm.Core/Masks/A.cs", "using static MaskLlm.Learning.Trainer;", 1)]
    [InlineData("MaskLlm.Core/Masks/A.cs", "global using X = MaskLlm.Models.Model;", 1)]
    [InlineData("MaskLlm.Core/Masks/A.cs", "class A { global::MaskLlm.Learning.Trainer t; }", 1)]
    [InlineData("MaskLlm.Core/Formats/Numpy/A.cs", "using MaskLlm.Tokens;", 1)]
    [InlineData("MaskLlm.Core/Formats/A.cs", "using MaskLlm.Cli;", 1)]
    [InlineData("MaskLlm.Text/Masks/A.cs", "", 1)]
    [InlineData("MaskLlm.Runtime/Serving/A.cs", "using TorchSharp;", 1)]
    [InlineData("MaskLlm.Text/Data/A.cs", "using static TorchSharp.torch;", 1)]
    [InlineData("MaskLlm.Learning/Models/A.cs", "using static TorchSharp.torch;", 0)]
    [InlineData("MaskLlm.Cli/Commands/A.cs", "using MaskLlm.Learning;", 0)]
    [InlineData("MaskLlm.Cli/Commands/A.cs", "using TorchSharp;", 1)]
    [InlineData("MaskLlm.Core/Utils/A.cs", "", 1)]
    [InlineData("MaskLlm.Core/A.cs", "", 1)]
    public void Breaches_KnownCases_AreFound(string file, string text, int expected) =>
        Assert.Equal(expected, Breaches(file, text).Count());

    // The command line is one room: its project's folder.
    private static string FolderOf(string source, string room, string project) =>
        room == CommandLine ? Path.Combine(source, Prefix + project) : Path.Combine(source, Prefix + project, room);

    private static IEnumerable<string> Breaches(string relativePath, string text)
    {
        string[] parts = relativePath.Replace('\\', '/').Split('/');
        string project = parts[0][Prefix.Length..], room = project == CommandLine ? project : parts[1];
        if (!Rooms.TryGetValue(room, out (int Shelf, string Project) place))
            return [$"{relativePath}: {room} is no room; add it to a shelf of docs/house.md."];
        if (place.Project != project) return [$"{relativePath}: docs/house.md has {room} in {place.Project}."];
        string code = string.Join('\n', text.Split('\n').Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));
        IEnumerable<string> upward = RoomReference().Matches(code).Select(match => match.Groups[1].Value).Distinct()
            .Where(other => other != room
                && (!Rooms.TryGetValue(other, out (int Shelf, string Project) theirs) || theirs.Shelf >= place.Shelf))
            .Select(other => $"{relativePath}: {room} is on shelf {place.Shelf} and may not use {other}.");
        bool torchTooLow = project != TorchProject && TorchUsing().IsMatch(code);
        return torchTooLow ? upward.Append($"{relativePath}: TorchSharp is for {TorchProject} alone.") : upward;
    }

    internal static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MaskLlm.slnx"))) return folder.FullName;
        }
        throw new InvalidOperationException($"No repository above {AppContext.BaseDirectory}.");
    }

    private static string House() => File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "house.md"));

    private static Dictionary<string, (int Shelf, string Project)> ReadTable() => Row().Matches(House()).ToDictionary(
        match => match.Groups[3].Value,
        match => (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[2].Value),
        StringComparer.Ordinal);

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^\s+(\w+)(?:\[[^\]]*\])? --> (\w+)", RegexOptions.Multiline)]
    private static partial Regex Arrow();

    [GeneratedRegex(@"<ProjectReference Include=""[^""]*MaskLlm\.(\w+)\.csproj""")]
    private static partial Regex Reference();

    [GeneratedRegex(@"(?<![\w.])MaskLlm\.([A-Z]\w*)")]
    private static partial Regex RoomReference();

    [GeneratedRegex(@"\busing\b[^;\n]*\bTorchSharp\b")]
    private static partial Regex TorchUsing();
}
