using System.Text.Json;

namespace MaskLlm.Tokens;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c>.</summary>
internal sealed class TokenizerJsonReader
{
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
    public static TokenizerParts Read(byte[] bytes, string file)
    {
        try
        {
            // Some editors put a byte order mark in front.
            var json = bytes.AsMemory(bytes.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0);
            using var document = JsonDocument.Parse(json);
            return new TokenizerJsonReader(file).ReadParts(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{file}: not a valid tokenizer.json: {error.Message} Fetch the file again.", error);
        }
    }

    private TokenizerParts ReadParts(JsonElement root)
    {
        var preTokenizers = _components.PreTokenizers(root.Component("pre_tokenizer"), out var isByteLevel);
        var vocabulary = ReadVocabulary(root.GetProperty("model"), isByteLevel);
        return new TokenizerParts
        {
            Vocabulary = vocabulary,
            AddedTokens = ReadAddedTokens(root, vocabulary),
            Normalizer = _components.Normalizer(root.Component("normalizer")),
            PreTokenizers = preTokenizers,
            Template = _components.Template(root.Component("post_processor")),
            Decoder = _components.Decoder(root.Component("decoder")),
        };
    }

    private Vocabulary ReadVocabulary(JsonElement model, bool isByteLevel)
    {
        CheckModel(model);
        var ids = new Dictionary<string, int>();
        foreach (var entry in model.GetProperty("vocab").EnumerateObject())
            ids[entry.Name] = ReadId(entry.Value, entry.Name);
        var unknown = model.Text("unk_token");
        if (unknown is not null && !ids.ContainsKey(unknown))
            throw new InvalidDataException($"{_file}: model.unk_token is '{unknown}', which is not in model.vocab.");
        if (isByteLevel && model.Flag("byte_fallback") && ByteSymbols.All.Any(symbol => !ids.ContainsKey(symbol.ToString())))
            throw Unsupported("model", "byte_fallback beside a byte-level pre-tokenizer that lacks some bytes");
        return new Vocabulary
        {
            Ids = ids,
            Merges = ReadMerges(model.GetProperty("merges"), ids),
            IsByteLevel = isByteLevel,
            HasByteFallback = model.Flag("byte_fallback"),
            IgnoresMerges = model.Flag("ignore_merges"),
            UnknownId = unknown is null ? null : ids[unknown],
            FusesUnknown = model.Flag("fuse_unk"),
        };
    }

    private void CheckModel(JsonElement model)
    {
        // Files of early versions do not say the kind; those with merges are byte-pair ones.
        var kind = model.Text("type") ?? (model.TryGetProperty("merges", out _) ? "BPE" : "unnamed");
        if (kind != "BPE")
            throw Unsupported("model", kind);
        foreach (var option in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(model.Text(option)))
                throw Unsupported("model", $"BPE with {option}");
        }

        if (model.Component("dropout") is { } dropout && dropout.GetDouble() != 0)
            throw Unsupported("model", "BPE with dropout");
    }

    private List<Merge> ReadMerges(JsonElement list, Dictionary<string, int> ids)
    {
        var merges = new List<Merge>(list.GetArrayLength());
        foreach (var entry in list.EnumerateArray())
        {
            var (left, right) = ReadPair(entry, merges.Count);
            if (!ids.TryGetValue(left, out var leftId) || !ids.TryGetValue(right, out var rightId) || !ids.TryGetValue(left + right, out var id))
                throw new InvalidDataException($"{_file}: merge {merges.Count} joins '{left}' and '{right}', but one of them or '{left}{right}' is not in model.vocab.");
            merges.Add(new Merge(leftId, rightId, merges.Count, id));
        }

        return merges;
    }

    private (string Left, string Right) ReadPair(JsonElement entry, int index)
    {
        var parts = entry.ValueKind == JsonValueKind.String
            ? entry.GetString()!.Split(' ')
            : [.. entry.EnumerateArray().Select(part => part.GetString() ?? "")];
        return parts is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw new InvalidDataException($"{_file}: merge {index} is {entry.GetRawText()}; a merge joins two tokens.");
    }

    private List<AddedToken> ReadAddedTokens(JsonElement root, Vocabulary vocabulary)
    {
        var tokens = new List<AddedToken>();
        if (root.Component("added_tokens") is not { } list)
            return tokens;
        foreach (var entry in list.EnumerateArray())
        {
            var content = entry.GetProperty("content").GetString() ?? "";
            var id = ReadId(entry.GetProperty("id"), content);
            // The model's own id counts where it knows the token, whatever the list says.
            tokens.Add(new AddedToken(content, vocabulary.Ids.GetValueOrDefault(content, id))
            {
                SingleWord = entry.Flag("single_word"),
                StripsLeft = entry.Flag("lstrip"),
                StripsRight = entry.Flag("rstrip"),
                IsNormalized = entry.Flag("normalized"),
                IsSpecial = entry.Flag("special"),
            });
        }

        return tokens;
    }

    private int ReadId(JsonElement value, string token) =>
        value.TryGetInt32(out var id) && id is >= 0 and < int.MaxValue
            ? id
            : throw new InvalidDataException($"{_file}: token '{token}' has the id {value.GetRawText()}; an id is a number from 0 on.");

    private NotSupportedException Unsupported(string component, string what) => JsonComponents.Unsupported(_file, component, what);
}
