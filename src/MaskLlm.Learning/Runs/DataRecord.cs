using System.Text.Json.Nodes;
using MaskLlm.Data;

namespace MaskLlm.Runs;

/// <summary>What a run's record says of its data.</summary>
internal static class DataRecord
{
    /// <summary>The sources as <see cref="RecordedPath"/> names them, each with its share.</summary>
    internal static JsonArray Names(IEnumerable<CorpusSource> sources) =>
        new([.. sources.Select(source => (JsonNode)FormattableString.Invariant($"{RecordedPath.Of(source.Path)}:{source.Weight:R}"))]);

    /// <summary>What is in each source.</summary>
    internal static JsonArray Contents(IEnumerable<CorpusSource> sources) => new([.. sources.Select(source => (JsonNode)new JsonObject
    {
        ["path"] = RecordedPath.Of(source.Path),
        ["documents"] = source.Documents,
        ["tokens"] = source.Tokens,
        ["held_out_tokens"] = source.HeldOutTokens,
        ["weight"] = source.Weight,
    })]);

    /// <summary>Adds the hash of each source and, of a folder or glob, of each file in it, by path.</summary>
    internal static void AddHashes(JsonObject inputs, IEnumerable<CorpusSource> sources)
    {
        foreach (CorpusSource source in sources)
        {
            inputs[RecordedPath.Of(source.Path)] = source.ContentHash;
            foreach ((string path, string hash) in source.FileHashes) inputs[RecordedPath.Of(path)] = hash;
        }
    }
}
