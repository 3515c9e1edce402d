using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Formats;

namespace MaskLlm.Runs;

/// <summary>How records name the files and folders that a run read: so that they say nothing of the machine, where that can be.</summary>
internal static class RecordedPath
{
    /// <summary>
    /// The path as the user gave it; relative where it lies below the working folder, below the program's own, which has the demo's
    /// model, or below its cache, which has the SDK's documentation.
    /// </summary>
    internal static string Of(string path) => Below(path, AppContext.BaseDirectory)
        ?? Below(path, CorpusOptions.DefaultCacheFolder)
        ?? Below(path, Environment.CurrentDirectory)
        ?? path;

    /// <summary>A source with its weight, as the command line takes it.</summary>
    internal static string Of(DataSource source) => source.Weight is { } weight
        ? FormattableString.Invariant($"{Of(source.Path)}:{weight:R}") : Of(source.Path);

    /// <summary>The path relative to a folder that it lies below; null where it is no full path, or does not.</summary>
    internal static string? Below(string path, string folder)
    {
        if (!Path.IsPathFullyQualified(path)) return null;
        string full = FileIdentity.Full(path);
        // By identity: a working folder that was entered by a link has another name than the user sees.
        for (string? above = Path.GetDirectoryName(full); above is not null; above = Path.GetDirectoryName(above))
            if (FileIdentity.AreSame(above, folder)) return Path.GetRelativePath(above, full);
        return null;
    }

    /// <summary>Whether two recorded values mean the same wherever the program is started: of paths the last names count.</summary>
    internal static bool AreSame(JsonNode? first, JsonNode? second) => (first, second) switch
    {
        (JsonArray ones, JsonArray others) => ones.Count == others.Count && ones.Zip(others).All(pair => AreSame(pair.First, pair.Second)),
        (JsonValue, JsonValue) => LastName($"{first}") == LastName($"{second}"),
        _ => JsonNode.DeepEquals(first, second),
    };

    /// <summary>The first input that is not what it was; null where all are. The order counts, and the last names of the paths.</summary>
    /// <param name="earlier">Hashes by recorded paths.</param>
    /// <param name="now">The same of now.</param>
    internal static string? FirstChanged(JsonObject earlier, JsonObject now)
    {
        for (int i = 0; i < Math.Max(earlier.Count, now.Count); i++)
        {
            KeyValuePair<string, JsonNode?>? was = i < earlier.Count ? earlier.GetAt(i) : null, asked = i < now.Count ? now.GetAt(i) : null;
            bool isSame = was is { } before && asked is { } after
                && LastName(before.Key) == LastName(after.Key) && JsonNode.DeepEquals(before.Value, after.Value);
            if (!isSame) return asked?.Key ?? was?.Key;
        }
        return null;
    }

    private static string LastName(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
}
