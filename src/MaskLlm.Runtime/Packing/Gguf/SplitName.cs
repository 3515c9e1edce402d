using MaskLlm.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Packing.Gguf;

/// <summary>llama.cpp's name of the way in which a byte-level tokenizer cuts text into words.</summary>
internal static class SplitName
{
    private const string Digit = @"\p{N}", Separator = "\n";

    // By the patterns in turn, and whether words that are tokens need no merging. A name stands for both in llama.cpp.
    private static readonly Dictionary<(string Patterns, bool? IgnoresMerges), string> Names = new()
    {
        [(Gpt2Scanner.Pattern, null)] = "gpt-2",
        [(Digit + Separator + Gpt2Scanner.Pattern, null)] = "smollm",
        [(Cl100kScanner.PatternOfOneDigit, null)] = "qwen2",
        [(Cl100kScanner.PatternOfThreeDigits, true)] = "llama-bpe",
        [(Cl100kScanner.PatternOfThreeDigits, false)] = "dbrx",
    };

    /// <summary>The name.</summary>
    /// <exception cref="NotSupportedException">llama.cpp has none that cuts the same words.</exception>
    internal static string Of(string file, JsonValue? preTokenizer, bool ignoresMerges)
    {
        string patterns = string.Join(Separator, Flatten(preTokenizer).Select(step => Pattern(file, step))
            .Where(pattern => pattern.Length > 0));
        if (Names.TryGetValue((patterns, ignoresMerges), out string? name)
            || (!ignoresMerges && Names.TryGetValue((patterns, null), out name))) return name;
        throw Unknown(file, ignoresMerges ? $"{patterns} with ignore_merges" : patterns);
    }

    private static IEnumerable<JsonValue> Flatten(JsonValue? component)
    {
        if (component is null) return [];
        return JsonComponents.Kind(component) == "Sequence" ? component.Required("pretokenizers").Items().SelectMany(Flatten) : [component];
    }

    private static string Pattern(string file, JsonValue step) => JsonComponents.Kind(step) switch
    {
        "Digits" when Flag(step, "individual_digits", otherwise: false) => Digit,
        "ByteLevel" when !Flag(step, "add_prefix_space", otherwise: true) =>
            Flag(step, "use_regex", otherwise: true) ? Gpt2Scanner.Pattern : "",
        "Split" when Isolates(step) && step.Required("pattern").Member("Regex")?.Text() is { } pattern => pattern,
        _ => throw Unknown(file, step.Shown()),
    };

    private static bool Flag(JsonValue step, string name, bool otherwise) => JsonComponents.Flag(step, name, otherwise);

    // Known patterns match everything, so isolating matches and removing all else is one.
    private static bool Isolates(JsonValue step) =>
        (step.Member("behavior")?.Text(), Flag(step, "invert", otherwise: false)) is ("Isolated", false) or ("Removed", true);

    private static NotSupportedException Unknown(string file, string what) => new(
        $"{file}: pre_tokenizer: no split of llama.cpp that we know equals {what}; those of GPT-2, SmolLM, Llama 3 and Qwen 2 do. Its "
            + $"tokens would be others, so nothing is written.");
}
