using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Tokens;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c>.</summary>
internal sealed class TokenizerJsonReader
{
    // Far beyond every vocabulary; ids index tables elsewhere.
    private const int LastId = (1 << 24) - 1;
    private readonly string _file;
    private readonly JsonComponents _components;

    private TokenizerJsonReader(string file)
    {
        _file = file;
        _components = new JsonComponents(file);
    }

    /// <summary>The parts that the file describes.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON, lacks a member, or contradicts itself.</exception>
    /// <exception cref="NotSupportedException">A component of a kind, or with an option, that is not supported.</exception>
    public static TokenizerParts Read(byte[] bytes, string file) => new TokenizerJsonReader(file).ReadParts(JsonValue.Parse(file, bytes));

    private TokenizerParts ReadParts(JsonValue root)
    {
        List<PreTokenizer> preTokenizers = _components.PreTokenizers(root.Member("pre_tokenizer"), out ByteStage bytes);
        Vocabulary vocabulary = ReadVocabulary(root.Required("model"), bytes);
        return new TokenizerParts
        {
            Vocabulary = vocabulary,
            AddedTokens = ReadAddedTokens(root, vocabulary),
            Normalizer = _components.Normalizer(root.Member("normalizer")),
            PreTokenizers = preTokenizers,
            IsPlainByteLevel = root.Member("pre_tokenizer") is { } cut && JsonComponents.Kind(cut) == "ByteLevel",
            Template = _components.Template(root.Member("post_processor")),
            Decoder = _components.Decoder(root.Member("decoder")),
        };
    }

    private Vocabulary ReadVocabulary(JsonValue model, ByteStage bytes)
    {
        CheckModel(model);
        Dictionary<string, int> ids = ReadIds(model.Required("vocab"));
        string? unknown = model.Member("unk_token")?.Text();
        if (unknown is not null && !ids.ContainsKey(unknown))
            throw new InvalidDataException($"{_file}: model.unk_token is '{Shown(unknown)}', which is not in model.vocab.");
        bool hasFallback = JsonComponents.Flag(model, "byte_fallback");
        if (bytes == ByteStage.InModel && hasFallback && ByteSymbols.All.Any(symbol => !ids.ContainsKey(symbol.ToString())))
            throw Unsupported("model", "byte_fallback beside a byte-level pre-tokenizer that lacks some bytes");
        return new Vocabulary
        {
            Ids = ids,
            Merges = ReadMerges(model.Required("merges"), ids),
            IsByteLevel = bytes == ByteStage.InModel,
            HasSpelledBytes = bytes == ByteStage.BeforeModel,
            HasByteFallback = hasFallback,
            IgnoresMerges = JsonComponents.Flag(model, "ignore_merges"),
            UnknownId = unknown is null ? null : ids[unknown],
            FusesUnknown = JsonComponents.Flag(model, "fuse_unk"),
        };
    }

    private void CheckModel(JsonValue model)
    {
        // Files of early versions do not say the kind; those with merges are byte-pair ones.
        string kind = model.Member("type")?.Text() ?? (model.Names("merges") ? "BPE" : "unnamed");
        if (kind != "BPE")
            throw Unsupported("model", kind);
        foreach (string option in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(model.Member(option)?.Text()))
                throw Unsupported("model", $"BPE with {option}");
        }

        if (model.Member("dropout") is { } dropout && dropout.Number() != 0)
            throw Unsupported("model", "BPE with dropout");
    }

    // Vocabularies and merges are long: their values are asked for as they are, without the way to each.
    private Dictionary<string, int> ReadIds(JsonValue vocabulary)
    {
        if (vocabulary.Kind != JsonValueKind.Object)
            throw vocabulary.Wrong("an object of tokens and their ids");
        Dictionary<string, int> ids = [];
        foreach (JsonProperty entry in vocabulary.Element.EnumerateObject())
            ids[entry.Name] = ReadId(entry.Value, entry.Name);
        return ids;
    }

    private List<Merge> ReadMerges(JsonValue list, Dictionary<string, int> ids)
    {
        if (list.Kind != JsonValueKind.Array)
            throw list.Wrong("a list of merges");
        List<Merge> merges = new(list.Element.GetArrayLength());
        int index = 0;
        foreach (JsonElement entry in list.Element.EnumerateArray())
        {
            (string left, string right) = ReadPair(entry, index);
            string joined = left + right;
            if (!ids.TryGetValue(left, out int leftId) || !ids.TryGetValue(right, out int rightId) || !ids.TryGetValue(joined, out int id))
            {
                throw new InvalidDataException(
                    $"{_file}: merge {index} joins '{Shown(left)}' and '{Shown(right)}', but one of them or '{Shown(joined)}' is not in "
                    + "model.vocab.");
            }

            merges.Add(new Merge(leftId, rightId, index++, id));
        }

        return merges;
    }

    private (string Left, string Right) ReadPair(JsonElement entry, int index)
    {
        IEnumerable<string?> parts = entry.ValueKind switch
        {
            JsonValueKind.String => TextOf(entry)?.Split(' ') ?? [],
            JsonValueKind.Array => entry.EnumerateArray().Select(TextOf),
            _ => [],
        };
        return parts.Take(3).ToArray() is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw new InvalidDataException($"{_file}: model.merges[{index}] is {Shown(entry.GetRawText())}; a merge joins two tokens.");
    }

    /// <summary>A text; null for another kind of value, and for half a surrogate pair.</summary>
    private static string? TextOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private List<AddedToken> ReadAddedTokens(JsonValue root, Vocabulary vocabulary)
    {
        List<AddedToken> tokens = [];
        foreach (JsonValue entry in root.Member("added_tokens")?.Items() ?? [])
        {
            string content = entry.Required("content").Text();
            int id = ReadId(entry.Required("id").Element, content);
            // The model's own id counts where it knows the token, whatever the list says.
            tokens.Add(new AddedToken(content, vocabulary.Ids.GetValueOrDefault(content, id))
            {
                SingleWord = JsonComponents.Flag(entry, "single_word"),
                StripsLeft = JsonComponents.Flag(entry, "lstrip"),
                StripsRight = JsonComponents.Flag(entry, "rstrip"),
                IsNormalized = JsonComponents.Flag(entry, "normalized"),
                IsSpecial = JsonComponents.Flag(entry, "special"),
            });
        }

        return tokens;
    }

    private int ReadId(JsonElement value, string token) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id is >= 0 and <= LastId
            ? id
            : throw new InvalidDataException(
                $"{_file}: token '{Shown(token)}' has the id {Shown(value.GetRawText())}; an id is a number from 0 to {LastId}.");

    private static string Shown(string text) => JsonValue.Shortened(text);

    private NotSupportedException Unsupported(string component, string what) => JsonComponents.Unsupported(_file, component, what);
}
