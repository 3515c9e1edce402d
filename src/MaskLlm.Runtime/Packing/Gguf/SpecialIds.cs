using MaskLlm.Formats.Gguf;
using MaskLlm.Tokens;

namespace MaskLlm.Packing.Gguf;

/// <summary>The ids of tokens with a meaning, and which of them go around a text.</summary>
internal static class SpecialIds
{
    private const string Prefix = "tokenizer.ggml.";
    private static readonly (string Kind, string Key)[] Keys =
    [
        (SpecialTokenNames.Begin, "bos_token_id"), (SpecialTokenNames.End, "eos_token_id"),
        (SpecialTokenNames.Unknown, "unknown_token_id"), (SpecialTokenNames.Padding, "padding_token_id"),
    ];

    // llama.cpp ends a text at any of these and at its eos token.
    private static readonly string[] FurtherEnds = ["eot_token_id", "eom_token_id"];

    /// <summary>Adds the ids that the checkpoint names and that its tokenizer and its embedding have.</summary>
    internal static void Describe(GgufFields fields, List<string> notes, TokenizerSource source, int vocabularySize)
    {
        Dictionary<string, int> ids = [];
        foreach ((string kind, string key) in Keys)
        {
            if ((source.NamedId(kind) ?? Around(kind, source.Parts.Template) ?? source.Settings.ConfiguredId(kind)) is not { } id
                || id >= vocabularySize) continue;
            ids[kind] = id;
            fields.Add(Prefix + key, id);
        }
        DescribeEnds(fields, notes, source, ids.GetValueOrDefault(SpecialTokenNames.End, -1), vocabularySize);
        // Said either way: left out, llama.cpp's own default for the kind of tokenizer would hold.
        SpecialTemplate around = source.Parts.Template;
        fields.Add($"{Prefix}add_bos_token", Adds(around.Before, ids, SpecialTokenNames.Begin));
        fields.Add($"{Prefix}add_eos_token", Adds(around.After, ids, SpecialTokenNames.End));
        if (around.Before.Count > 1 || around.After.Count > 1)
            notes.Add($"{source.File} puts {around.Before.Count} tokens before a text and {around.After.Count} after it, and llama.cpp at "
                + $"most one.");
    }

    private static void DescribeEnds(GgufFields fields, List<string> notes, TokenizerSource source, int end, int vocabularySize)
    {
        int[] others = [.. source.EndIds.Where(id => id != end && id < vocabularySize)];
        foreach ((string key, int id) in FurtherEnds.Zip(others)) fields.Add(Prefix + key, id);
        if (others.Length > FurtherEnds.Length)
            notes.Add($"{source.File}: a text ends at {others.Length + 1} tokens, and a GGUF file names {FurtherEnds.Length + 1}: "
                + $"llama.cpp may not end at {string.Join(", ", others[FurtherEnds.Length..])}.");
    }

    // A token that is put around texts without a name.
    private static int? Around(string kind, SpecialTemplate template) => kind switch
    {
        SpecialTokenNames.Begin when template.Before is [var id] => id,
        SpecialTokenNames.End when template.After is [var id] => id,
        _ => null,
    };

    private static bool Adds(IReadOnlyList<int> around, Dictionary<string, int> ids, string kind) => ids.TryGetValue(kind, out int id)
        && around.Contains(id);
}
