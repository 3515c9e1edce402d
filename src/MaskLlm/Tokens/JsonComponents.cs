using System.Text.Json;

namespace MaskLlm.Tokens;

/// <summary>Reads the normalizer, pre-tokenizer, post-processor and decoder of a tokenizer.json.</summary>
internal sealed class JsonComponents(string file)
{
    /// <summary>The error for what is not supported.</summary>
    public static NotSupportedException Unsupported(string file, string component, string what) =>
        new($"{file}: {component}: {what} is not supported. Byte-pair tokenizers of the Llama, Qwen, Gemma, GPT-2 and GPT-NeoX families are.");

    /// <summary>The normalizer, or null.</summary>
    public Normalizer? Normalizer(JsonElement? component)
    {
        if (component is not { } element)
            return null;
        return element.Kind() switch
        {
            "Sequence" => new Normalizer.Sequence([.. element.GetProperty("normalizers").EnumerateArray().Select(step => Normalizer(step)!)]),
            "NFC" => new Normalizer.Nfc(),
            "NFD" => new Normalizer.Nfd(),
            "Lowercase" => new Normalizer.Lowercase(),
            "Strip" => new Normalizer.Strip(element.Flag("strip_left"), element.Flag("strip_right")),
            "Prepend" => new Normalizer.Prepend(Required(element, "prepend")),
            "Replace" => Replacement(element),
            var kind => throw Unsupported(file, "normalizer", kind),
        };
    }

    /// <summary>The pre-tokenizers in turn, and whether the last one goes over to bytes.</summary>
    public List<PreTokenizer> PreTokenizers(JsonElement? component, out bool isByteLevel)
    {
        var steps = new List<PreTokenizer>();
        isByteLevel = false;
        foreach (var element in Flatten(component, "pretokenizers"))
        {
            // Words stay text until the model takes their bytes, so nothing may come after that.
            if (isByteLevel)
                throw Unsupported(file, "pre_tokenizer", $"{element.Kind()} after ByteLevel");
            isByteLevel = element.Kind() == "ByteLevel";
            steps.AddRange(isByteLevel ? ByteLevelSteps(element) : [PreTokenizer(element)]);
        }

        return steps;
    }

    /// <summary>The special tokens that the post-processor puts around one text.</summary>
    public SpecialTemplate Template(JsonElement? component)
    {
        var template = SpecialTemplate.None;
        foreach (var element in Flatten(component, "processors"))
        {
            template = element.Kind() switch
            {
                "ByteLevel" => template,
                "TemplateProcessing" => template.Within(ReadTemplate(element)),
                var kind => throw Unsupported(file, "post_processor", kind),
            };
        }

        return template;
    }

    /// <summary>The decoder.</summary>
    public TokenDecoder Decoder(JsonElement? component)
    {
        if (component is not { } element)
            return new TokenDecoder.JoinBySpaces();
        return element.Kind() switch
        {
            "Sequence" => new TokenDecoder.Sequence([.. element.GetProperty("decoders").EnumerateArray().Select(step => Decoder(step))]),
            "ByteLevel" => new TokenDecoder.ByteLevel(),
            "ByteFallback" => new TokenDecoder.ByteFallback(),
            "Fuse" => new TokenDecoder.Fuse(),
            "Replace" => new TokenDecoder.Replace(Pattern(element, "decoder", out _), Required(element, "content")),
            "Strip" => new TokenDecoder.Strip(Character(element, "content"), element.GetProperty("start").GetInt32(), element.GetProperty("stop").GetInt32()),
            "Metaspace" => new TokenDecoder.Metaspace(Character(element, "replacement"), Prefix(element)),
            var kind => throw Unsupported(file, "decoder", kind),
        };
    }

    private static IEnumerable<JsonElement> Flatten(JsonElement? component, string members)
    {
        if (component is not { } element)
            return [];
        return element.Kind() == "Sequence"
            ? element.GetProperty(members).EnumerateArray().SelectMany(step => Flatten(step, members))
            : [element];
    }

    private static IEnumerable<PreTokenizer> ByteLevelSteps(JsonElement element)
    {
        if (element.Flag("add_prefix_space", otherwise: true))
            yield return new PrefixSpacePreTokenizer();
        if (element.Flag("use_regex", otherwise: true))
            yield return new ScannerPreTokenizer(new Gpt2Scanner());
    }

    private PreTokenizer PreTokenizer(JsonElement element) => element.Kind() switch
    {
        "Split" => Split(element),
        "Digits" => new DigitsPreTokenizer(element.Flag("individual_digits")),
        "Metaspace" => new MetaspacePreTokenizer(Character(element, "replacement"), Prefix(element), element.Flag("split", otherwise: true)),
        var kind => throw Unsupported(file, "pre_tokenizer", kind),
    };

    private PreTokenizer Split(JsonElement element)
    {
        var invert = element.Flag("invert");
        var name = Required(element, "behavior");
        if (!Enum.TryParse<SplitBehavior>(name, out var behavior))
            throw Unsupported(file, "pre_tokenizer", $"Split with behavior {name}");
        var regex = element.GetProperty("pattern").Text("Regex");
        // A known pattern matches everything: to isolate the matches and to remove all but the matches is the same.
        var isolates = (behavior == SplitBehavior.Isolated && !invert) || (behavior == SplitBehavior.Removed && invert);
        if (isolates && regex is not null && WordScanner.For(regex) is { } scanner)
            return new ScannerPreTokenizer(scanner);
        var pattern = Pattern(element, "pre_tokenizer", out var literal);
        return new PatternPreTokenizer(pattern, behavior, invert, isCharacter: literal?.Length == 1);
    }

    private Normalizer Replacement(JsonElement element)
    {
        var pattern = Pattern(element, "normalizer", out var literal);
        var content = Required(element, "content");
        return string.IsNullOrEmpty(literal) ? new Normalizer.Replace(pattern, content) : new Normalizer.ReplaceText(literal, content);
    }

    private SplitPattern Pattern(JsonElement element, string component, out string? literal)
    {
        var pattern = element.GetProperty("pattern");
        literal = pattern.Text("String");
        if (literal is not null)
            return SplitPattern.FromText(literal);
        try
        {
            return SplitPattern.FromRegex(Required(pattern, "Regex"));
        }
        catch (NotSupportedException error)
        {
            throw new NotSupportedException($"{file}: {component}: {element.Kind()}: {error.Message}", error);
        }
    }

    private SpecialTemplate ReadTemplate(JsonElement element)
    {
        var (before, after) = (new List<int>(), new List<int>());
        var side = before;
        foreach (var item in element.GetProperty("single").EnumerateArray())
        {
            if (item.Component("Sequence") is not null)
            {
                if (ReferenceEquals(side, after))
                    throw Unsupported(file, "post_processor", "TemplateProcessing with the text twice");
                side = after;
                continue;
            }

            var name = item.GetProperty("SpecialToken").GetProperty("id").GetString()!;
            side.AddRange(element.GetProperty("special_tokens").GetProperty(name).GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        }

        return new SpecialTemplate(before, after);
    }

    private string Required(JsonElement element, string name) =>
        element.Text(name) ?? throw new InvalidDataException($"{file}: {name} is missing in {element.GetRawText()}.");

    private char Character(JsonElement element, string name) => Required(element, name) is [var single]
        ? single
        : throw Unsupported(file, element.Kind(), $"{name} of more than one character");

    private MetaspacePrefix Prefix(JsonElement element)
    {
        if (element.Text("prepend_scheme") is not { } scheme)
            return element.Flag("add_prefix_space", otherwise: true) ? MetaspacePrefix.Always : MetaspacePrefix.Never;
        return Enum.TryParse<MetaspacePrefix>(scheme, ignoreCase: true, out var prefix)
            ? prefix
            : throw Unsupported(file, "Metaspace", $"prepend_scheme {scheme}");
    }
}
