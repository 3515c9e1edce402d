using System.Text.Json;
using System.Text.Json.Nodes;
using JsonValue = MaskLlm.Json.JsonValue;

namespace MaskLlm.Tokens;

/// <summary>The tokens with a meaning that a checkpoint names: <c>bos_token</c> and its like, and those that are only special.</summary>
internal sealed class SpecialTokenNames
{
    internal const string Begin = "bos_token", End = "eos_token", Unknown = "unk_token", Padding = "pad_token";

    private const string Ending = "_token", Content = "content", Additional = "additional_special_tokens", Extra = "extra_special_tokens";
    private static readonly string[] Kinds = [Begin, End, Unknown, "sep_token", Padding, "cls_token", "mask_token"];

    // What transformers' classes take where no file says it.
    private static readonly Dictionary<string, (string Kind, string Text)[]> Defaults = new(StringComparer.Ordinal)
    {
        ["llama"] = [(Begin, "<s>"), (End, "</s>"), (Unknown, "<unk>")],
        ["codellama"] = [(Begin, "<s>"), (End, "</s>"), (Unknown, "<unk>")],
        ["mistral"] = [(Begin, "<s>"), (End, "</s>"), (Unknown, "<unk>")],
        ["gemma"] = [(Begin, "<bos>"), (End, "<eos>"), (Unknown, "<unk>"), (Padding, "<pad>")],
        ["qwen2"] = [(End, "<|endoftext|>"), (Padding, "<|endoftext|>")],
        ["qwen3"] = [(End, "<|endoftext|>"), (Padding, "<|endoftext|>")],
        ["gpt2"] = [(Begin, "<|endoftext|>"), (End, "<|endoftext|>"), (Unknown, "<|endoftext|>")],
    };

    private readonly OrderedDictionary<string, string> _named = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> _ofTheModel = new(StringComparer.Ordinal);
    private readonly HashSet<string> _silenced = new(StringComparer.Ordinal);
    private readonly List<string> _additional = [];

    private SpecialTokenNames()
    {
    }

    /// <summary>The texts that are special tokens whether or not the tokenizer file knows them, each once.</summary>
    internal IEnumerable<string> Texts => _named.Values.Concat(_additional).Distinct(StringComparer.Ordinal);

    /// <summary>Texts under names of the model's own, such as <c>image_token</c>: special where the vocabulary has them.</summary>
    internal IEnumerable<string> TextsOfTheModel => _ofTheModel.Values;

    /// <summary>Reads them; what <paramref name="map"/> names counts before the configuration.</summary>
    /// <param name="configuration">tokenizer_config.json.</param>
    /// <param name="map">special_tokens_map.json; null where there is none, or where it does not count.</param>
    /// <param name="family">Of the tokenizer, for what no file names.</param>
    internal static SpecialTokenNames Read(JsonValue? configuration, JsonValue? map, string family)
    {
        SpecialTokenNames names = new();
        foreach (string kind in Kinds)
            names.Name(kind, map?.Names(kind) == true ? map : configuration);
        foreach (JsonValue file in new[] { configuration, map }.OfType<JsonValue>())
            names.ReadLists(file);
        foreach ((string name, JsonValue value) in configuration?.Members() ?? [])
            if (name.EndsWith(Ending, StringComparison.Ordinal) && !Kinds.Contains(name) && value.Kind is JsonValueKind.String
                or JsonValueKind.Object
                && TextOf(value) is { } text)
                names._ofTheModel[name] = text;
        names.Family = family;
        return names;
    }

    /// <summary>The text of a token, or null.</summary>
    internal string? Text(string kind) => _named.GetValueOrDefault(kind);

    /// <summary>The text of <c>eos_token</c> in one file; null where it names none.</summary>
    internal static string? EndIn(JsonValue? file) => TextOf(file?.Member(End));

    /// <summary>Takes the tokens that the kind of tokenizer has where no file says otherwise.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="text">Its text; null for none.</param>
    internal void Default(string kind, string? text)
    {
        if (text is not null && !_silenced.Contains(kind)) _named.TryAdd(kind, text);
    }

    /// <summary>Takes the tokens that transformers' class has where no file says otherwise and the vocabulary knows them.</summary>
    internal void DefaultByFamily(Func<string, bool> isKnown)
    {
        foreach ((string kind, string text) in Defaults.GetValueOrDefault(Family) ?? [])
            if (isKnown(text)) Default(kind, text);
    }

    /// <summary>What a chat template is given, as transformers does: texts by name, and <c>additional_special_tokens</c> where there are
    /// any.</summary>
    internal IReadOnlyDictionary<string, JsonNode?> ForTemplates()
    {
        OrderedDictionary<string, JsonNode?> variables = new(StringComparer.Ordinal);
        foreach ((string name, string text) in _ofTheModel.Concat(_named)) variables[name] = text;
        if (_additional.Count > 0) variables[Additional] = new JsonArray([.. _additional.Select(text => (JsonNode?)text)]);
        return variables;
    }

    private string Family { get; set; } = "";

    // A key that is there with null says that there is no such token.
    private void Name(string kind, JsonValue? file)
    {
        if (file?.Names(kind) != true) return;
        if (TextOf(file.Member(kind)) is { } text) _named[kind] = text;
        else _silenced.Add(kind);
    }

    private void ReadLists(JsonValue file)
    {
        foreach (JsonValue list in new[] { file.Member(Additional), file.Member(Extra) }.OfType<JsonValue>())
        {
            if (list.Kind == JsonValueKind.Object)
            {
                foreach ((string name, JsonValue value) in list.Members())
                    if (TextOf(value) is { } text) _ofTheModel[name] = text;
                continue;
            }
            foreach (JsonValue item in list.Items())
                if (TextOf(item) is { } text && !_additional.Contains(text)) _additional.Add(text);
        }
    }

    // A text, or an object that holds it with options of an added token.
    private static string? TextOf(JsonValue? token) =>
        token is null ? null : (token.Kind == JsonValueKind.Object ? token.Required(Content) : token).Text() is { Length: > 0 } text ? text
            : null;
}
