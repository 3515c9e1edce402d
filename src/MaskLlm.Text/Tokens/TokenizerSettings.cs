using System.Globalization;
using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Tokens;

/// <summary>What the files of a checkpoint say of its tokenizer beside the tokenizer file itself.</summary>
/// <remarks>
/// The precedence is transformers': a <c>tokenizer_config.json</c> that has <c>added_tokens_decoder</c> stands alone; else what
/// <c>special_tokens_map.json</c> names counts before it, and tokens are added by <c>added_tokens.json</c>.
/// </remarks>
internal sealed class TokenizerSettings
{
    private const string Decoder = "added_tokens_decoder", EndId = "eos_token_id";
    private readonly JsonValue? _generation, _model;

    private TokenizerSettings(TokenizerFiles files)
    {
        JsonValue? configuration = files.Read(TokenizerFiles.Configuration), map = files.Read(TokenizerFiles.SpecialTokensMap);
        _generation = files.Read(TokenizerFiles.GenerationConfiguration);
        _model = files.Read(TokenizerFiles.ModelConfiguration);
        JsonValue? added = files.Read(TokenizerFiles.AddedTokens);
        JsonValue? decoder = configuration?.Member(Decoder);
        IsCheckpoint = (configuration ?? map ?? _generation ?? _model ?? added) is not null;
        Names = SpecialTokenNames.Read(configuration, decoder is null ? map : null, Family(configuration, _model));
        AddedTokens = [.. decoder is not null ? Decoded(decoder) : added is not null ? Numbered(added) : []];
        AddsBegin = Says(configuration, "add_bos_token");
        AddsEnd = Says(configuration, "add_eos_token");
        IsLegacy = configuration?.Member("legacy")?.Flag() ?? true;
        AddsPrefixSpace = configuration?.Member("add_prefix_space")?.Flag();
        EndIds = [.. new[] { _generation, _model }.SelectMany(file => Ids(file?.Member(EndId))).Distinct()];
        EndTexts = [.. new[] { configuration, map }.Select(SpecialTokenNames.EndIn).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Whether there is any such file: a tokenizer file by itself is read as its own library reads it.</summary>
    internal bool IsCheckpoint { get; }

    /// <summary>The tokens with a meaning.</summary>
    internal SpecialTokenNames Names { get; }

    /// <summary>Tokens that are added to those of the tokenizer file, with the ids that the files give.</summary>
    internal IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Whether the begin token is put before texts; null where no file says.</summary>
    internal bool? AddsBegin { get; }

    /// <summary>Whether the end token is put after texts; null where no file says.</summary>
    internal bool? AddsEnd { get; }

    /// <summary>For a SentencePiece model: whether every stretch of text between added tokens gets a space in front, not the first
    /// only.</summary>
    internal bool IsLegacy { get; }

    /// <summary>Whether text gets a space in front; null where no file says.</summary>
    internal bool? AddsPrefixSpace { get; }

    /// <summary>Ids of tokens that end a text: of generation_config.json, then of config.json.</summary>
    internal IReadOnlyList<int> EndIds { get; }

    /// <summary>The first end token of config.json: what the model was trained to see between documents.</summary>
    internal int? ModelEndId => Ids(_model?.Member(EndId)).Select(id => (int?)id).FirstOrDefault();

    /// <summary>Texts of tokens that end a text, of all files that name one.</summary>
    internal IReadOnlyList<string> EndTexts { get; }

    /// <summary>Reads them; each file may be missing.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, or a value has another type than it must.</exception>
    internal static TokenizerSettings Read(TokenizerFiles files) => new(files);

    /// <summary>The id that config.json, or else generation_config.json, gives a token: the first where there are several.</summary>
    /// <param name="kind">bos_token and its like.</param>
    internal int? ConfiguredId(string kind) => new[] { _model, _generation }.SelectMany(file => Ids(file?.Member($"{kind}_id")))
        .Select(id => (int?)id).FirstOrDefault();

    // Null beside the key says no, as in transformers.
    private static bool? Says(JsonValue? configuration, string key) => configuration?.Names(key) == true ? configuration.Member(key)?.Flag()
        ?? false : null;

    private static string Family(JsonValue? configuration, JsonValue? model)
    {
        const string Ending = "Tokenizer", FastEnding = "TokenizerFast";
        string? name = configuration?.Member("tokenizer_class")?.Text();
        if (name is null) return model?.Member("model_type")?.Text() ?? "";
        foreach (string ending in new[] { FastEnding, Ending })
            if (name.EndsWith(ending, StringComparison.Ordinal)) return name[..^ending.Length].ToLowerInvariant();
        return name;
    }

    private static IEnumerable<int> Ids(JsonValue? value) => value switch
    {
        null => [],
        { Kind: JsonValueKind.Array } => value.Items().Select(item => item.Int()).Where(id => id >= 0),
        _ => value.Int() is >= 0 and var id ? [id] : [],
    };

    private IEnumerable<AddedToken> Decoded(JsonValue decoder)
    {
        foreach ((string key, JsonValue entry) in decoder.Members())
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id == int.MaxValue)
                throw new InvalidDataException(
                    $"{entry.File}: {entry.Key}: an id is a whole number from 0 on, found {JsonValue.Shortened(key)}.");
            string text = entry.Required("content").Text();
            bool isSpecial = Flag(entry, "special") ?? false;
            yield return new AddedToken(text, id)
            {
                SingleWord = Flag(entry, "single_word") ?? false,
                StripsLeft = Flag(entry, "lstrip") ?? false,
                StripsRight = Flag(entry, "rstrip") ?? false,
                IsNormalized = Flag(entry, "normalized") ?? !isSpecial,
                IsSpecial = isSpecial || Names.Texts.Contains(text, StringComparer.Ordinal),
            };
        }
    }

    private IEnumerable<AddedToken> Numbered(JsonValue added)
    {
        foreach ((string text, JsonValue entry) in added.Members())
        {
            int id = entry.Int();
            if (id is < 0 or int.MaxValue) throw entry.Wrong("an id from 0 on");
            bool isSpecial = Names.Texts.Contains(text, StringComparer.Ordinal);
            yield return new AddedToken(text, id) { IsSpecial = isSpecial, IsNormalized = !isSpecial };
        }
    }

    private static bool? Flag(JsonValue entry, string name) => entry.Member(name)?.Flag();
}
