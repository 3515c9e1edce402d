using MaskLlm.Json;
using MaskLlm.Tokens.Expressions;

namespace MaskLlm.Tokens;

/// <summary>Reads the normalizer, pre-tokenizer, post-processor and decoder of a tokenizer.json.</summary>
internal sealed class JsonComponents(string file)
{
    /// <summary>The most steps of one component. Real ones have ten at most; each goes over the whole text.</summary>
    private const int MostSteps = 256;

    /// <summary>The most special tokens around a text.</summary>
    private const int MostSpecialTokens = 1024;

    /// <summary>The most steps that put a character before each word: with steps that cut between them, each doubles the text.</summary>
    private const int MostMetaspaces = 4;

    private const string AsciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>The error for what is not supported.</summary>
    public static NotSupportedException Unsupported(string file, string component, string what) =>
        new($"{file}: {component}: {what} is not supported."
            + " Byte-pair tokenizers of the Llama, Qwen, Gemma, GPT-2, GPT-NeoX and like families are.");

    /// <summary>The kind of a component.</summary>
    public static string Kind(JsonValue component) => component.Required("type").Text();

    /// <summary>A flag, or its default.</summary>
    public static bool Flag(JsonValue component, string name, bool otherwise = false) => component.Member(name)?.Flag() ?? otherwise;

    /// <summary>The normalizer, or null.</summary>
    public Normalizer? Normalizer(JsonValue? component)
    {
        if (component is null)
            return null;
        List<Normalizer> steps = [.. Flatten(component, "normalizers").Select(NormalizerStep)];
        return steps is [Normalizer.Nfc only] ? only : new Normalizer.Sequence(steps) { Where = $"{file}: normalizer: " };
    }

    /// <summary>The pre-tokenizers in turn, and where bytes take the place of characters.</summary>
    public List<PreTokenizer> PreTokenizers(JsonValue? component, out ByteStage bytes)
    {
        List<PreTokenizer> steps = [];
        bytes = ByteStage.None;
        foreach (JsonValue element in Flatten(component, "pretokenizers"))
        {
            string kind = Kind(element);
            if (bytes != ByteStage.None && kind == "ByteLevel")
                throw Unsupported(file, "pre_tokenizer", "a second ByteLevel");
            // Words stay text until the model takes their bytes, unless a step goes on with their symbols.
            if (bytes == ByteStage.InModel)
            {
                steps.Add(new ByteSymbolsPreTokenizer());
                bytes = ByteStage.BeforeModel;
            }

            if (kind == "ByteLevel")
                bytes = ByteStage.InModel;
            steps.AddRange(kind == "ByteLevel" ? ByteLevelSteps(element) : [PreTokenizer(element, kind)]);
        }

        if (steps.Count(step => step is MetaspacePreTokenizer) > MostMetaspaces)
            throw new InvalidDataException($"{file}: pre_tokenizer: more than {MostMetaspaces} Metaspace steps; tokenizers have one.");
        return steps;
    }

    /// <summary>The special tokens that the post-processor puts around one text.</summary>
    public SpecialTemplate Template(JsonValue? component)
    {
        SpecialTemplate template = SpecialTemplate.None;
        foreach (JsonValue element in Flatten(component, "processors"))
        {
            template = Kind(element) switch
            {
                "ByteLevel" => template,
                "TemplateProcessing" => template.Within(ReadTemplate(element)),
                "RobertaProcessing" or "BertProcessing" => template.Within(new([Pair(element, "cls")], [Pair(element, "sep")])),
                var kind => throw Unsupported(file, "post_processor", kind),
            };
            HoldSpecialTokens(element, template.Before.Count + template.After.Count);
        }

        return template;
    }

    /// <summary>The decoder.</summary>
    public TokenDecoder Decoder(JsonValue? component)
    {
        if (component is null)
            return new TokenDecoder.JoinBySpaces();
        List<TokenDecoder> steps = [.. Flatten(component, "decoders").Select(DecoderStep)];
        return new TokenDecoder.Sequence(steps) { Where = $"{file}: decoder: " };
    }

    /// <summary>The steps of a component in turn, those of sequences within it among them.</summary>
    private List<JsonValue> Flatten(JsonValue? component, string members)
    {
        List<JsonValue> steps = [];
        if (component is not null)
            Flatten(component, members, steps);
        return steps;
    }

    private void Flatten(JsonValue element, string members, List<JsonValue> steps)
    {
        if (Kind(element) != "Sequence")
            steps.Add(element);
        else
            foreach (JsonValue step in element.Required(members).Items())
                Flatten(step, members, steps);
        if (steps.Count > MostSteps)
            throw new InvalidDataException($"{file}: {element.Key}: more than {MostSteps} steps; tokenizers have a few.");
    }

    private Normalizer NormalizerStep(JsonValue element) => Kind(element) switch
    {
        "NFC" => new Normalizer.Nfc(),
        "NFD" => new Normalizer.Nfd(),
        "NFKC" => new Normalizer.Nfkc(),
        "NFKD" => new Normalizer.Nfkd(),
        "StripAccents" => new Normalizer.StripAccents(),
        "Lowercase" => new Normalizer.Lowercase(),
        "Strip" => new Normalizer.Strip(Flag(element, "strip_left"), Flag(element, "strip_right")),
        "Prepend" => new Normalizer.Prepend(element.Required("prepend").Text()),
        "Replace" => Replacement(element),
        var kind => throw Unsupported(file, "normalizer", kind),
    };

    private TokenDecoder DecoderStep(JsonValue element) => Kind(element) switch
    {
        "ByteLevel" => new TokenDecoder.ByteLevel(),
        "ByteFallback" => new TokenDecoder.ByteFallback(),
        "Fuse" => new TokenDecoder.Fuse(),
        "Replace" => new TokenDecoder.Replace(Pattern(element, "decoder", out _), element.Required("content").Text()),
        "Strip" => new TokenDecoder.Strip(Character(element, "content"), element.Required("start").Int(), element.Required("stop").Int()),
        "Metaspace" => new TokenDecoder.Metaspace(Character(element, "replacement"), Prefix(element)),
        var kind => throw Unsupported(file, "decoder", kind),
    };

    private static IEnumerable<PreTokenizer> ByteLevelSteps(JsonValue element)
    {
        if (Flag(element, "add_prefix_space", otherwise: true))
            yield return new PrefixSpacePreTokenizer();
        if (Flag(element, "use_regex", otherwise: true))
            yield return new ScannerPreTokenizer(new Gpt2Scanner());
    }

    private PreTokenizer PreTokenizer(JsonValue element, string kind) => kind switch
    {
        "Split" => Split(element),
        "Digits" => new DigitsPreTokenizer(Flag(element, "individual_digits")),
        "Metaspace" => new MetaspacePreTokenizer(Character(element, "replacement"), Prefix(element), Flag(element, "split", true)),
        "Punctuation" => ByCharacter(Punctuation(), Behavior(element, "Isolated")),
        "Whitespace" => Whitespace(),
        "WhitespaceSplit" => ByCharacter(UnicodeProperty.Space, SplitBehavior.Removed),
        "CharDelimiterSplit" => ByCharacter(CodePointSet.Of(CodePoint(element, "delimiter")), SplitBehavior.Removed),
        _ => throw Unsupported(file, "pre_tokenizer", kind),
    };

    private static CodePointSet Punctuation() => UnicodeProperty.Punctuation.Union(CodePointSet.OfCharacters(AsciiPunctuation));

    private static PatternPreTokenizer ByCharacter(CodePointSet set, SplitBehavior behavior) =>
        new(SplitPattern.FromSet(set), behavior, invert: false, isCharacter: true);

    /// <summary>Words and runs of other characters; of Rust's engine, whose words have the two joiners that Oniguruma's have not.</summary>
    private static PatternPreTokenizer Whitespace() => new(
        SplitPattern.FromRegex(@"[\w\u200C\u200D]+|[^\w\s\u200C\u200D]+"), SplitBehavior.Removed, invert: true, isCharacter: false);

    private PreTokenizer Split(JsonValue element)
    {
        bool invert = Flag(element, "invert");
        SplitBehavior behavior = Behavior(element, null);
        string? regex = element.Required("pattern").Member("Regex")?.Text();
        // A known pattern matches everything: to isolate the matches and to remove all but the matches is the same.
        bool isolates = (behavior == SplitBehavior.Isolated && !invert) || (behavior == SplitBehavior.Removed && invert);
        if (isolates && regex is not null && WordScanner.For(regex) is { } scanner)
            return new ScannerPreTokenizer(scanner);
        SplitPattern pattern = Pattern(element, "pre_tokenizer", out string? literal);
        return new PatternPreTokenizer(pattern, behavior, invert, isCharacter: literal?.Length == 1);
    }

    private SplitBehavior Behavior(JsonValue element, string? otherwise)
    {
        string name = otherwise is not null && !element.Has("behavior") ? otherwise : element.Required("behavior").Text();
        int index = Array.IndexOf(Enum.GetNames<SplitBehavior>(), name);
        return index >= 0
            ? Enum.GetValues<SplitBehavior>()[index]
            : throw Unsupported(file, "pre_tokenizer", $"{Kind(element)} with behavior {name}");
    }

    private Normalizer Replacement(JsonValue element)
    {
        SplitPattern pattern = Pattern(element, "normalizer", out string? literal);
        string content = element.Required("content").Text();
        return string.IsNullOrEmpty(literal) ? new Normalizer.Replace(pattern, content) : new Normalizer.ReplaceText(literal, content);
    }

    private SplitPattern Pattern(JsonValue element, string component, out string? literal)
    {
        JsonValue pattern = element.Required("pattern");
        literal = pattern.Member("String")?.Text();
        string where = $"{file}: {component}: {Kind(element)}: ";
        try
        {
            return literal is not null ? SplitPattern.FromText(literal) : SplitPattern.FromRegex(pattern.Required("Regex").Text(), where);
        }
        catch (NotSupportedException error)
        {
            throw new NotSupportedException($"{where}{error.Message}.", error);
        }
    }

    private SpecialTemplate ReadTemplate(JsonValue element)
    {
        (List<int> before, List<int> after) = ([], []);
        List<int> side = before;
        foreach (JsonValue item in element.Required("single").Items())
        {
            if (item.Has("Sequence"))
            {
                if (ReferenceEquals(side, after))
                    throw Unsupported(file, "post_processor", "TemplateProcessing with the text twice");
                side = after;
                continue;
            }

            string name = item.Required("SpecialToken").Required("id").Text();
            side.AddRange(element.Required("special_tokens").Required(name).Required("ids").Items().Select(Id));
            HoldSpecialTokens(element, before.Count + after.Count);
        }

        return new SpecialTemplate(before, after);
    }

    private void HoldSpecialTokens(JsonValue element, int count)
    {
        if (count > MostSpecialTokens)
            throw new InvalidDataException($"{file}: {element.Key}: more than {MostSpecialTokens} special tokens around a text.");
    }

    /// <summary>The id of a member that is a token's text and its id.</summary>
    private static int Pair(JsonValue element, string name)
    {
        JsonValue pair = element.Required(name);
        return pair.Items() is [var text, var id] && text.Text() is not null ? Id(id) : throw pair.Wrong("a token's text and its id");
    }

    private static int Id(JsonValue value) => value.Int() is >= 0 and var id ? id : throw value.Wrong("an id, a number from 0 on");

    private int CodePoint(JsonValue element, string name)
    {
        string text = element.Required(name).Text();
        System.Text.Rune[] runes = [.. text.EnumerateRunes()];
        return runes is [var only] ? only.Value : throw Unsupported(file, element.Key, $"{name} of more than one character");
    }

    private char Character(JsonValue element, string name) => CodePoint(element, name) is < 0x10000 and var single
        ? (char)single
        : throw Unsupported(file, element.Key, $"{name} beyond the basic plane");

    private MetaspacePrefix Prefix(JsonValue element)
    {
        if (element.Member("prepend_scheme")?.Text() is not { } scheme)
            return Flag(element, "add_prefix_space", otherwise: true) ? MetaspacePrefix.Always : MetaspacePrefix.Never;
        return scheme switch
        {
            "always" => MetaspacePrefix.Always,
            "first" => MetaspacePrefix.First,
            "never" => MetaspacePrefix.Never,
            _ => throw Unsupported(file, element.Key, $"prepend_scheme {scheme}"),
        };
    }
}
