namespace MaskLlm.Chat.Builtins;

/// <summary>The methods of a type.</summary>
/// <param name="All">Those that templates may call.</param>
/// <param name="Unsafe">Those that change the value: Jinja's immutable sandbox refuses them.</param>
/// <param name="Unsupported">Those that Python has and this reader does not.</param>
internal sealed record MethodSet(IReadOnlyDictionary<string, Builtin> All, string[] Unsafe, string[] Unsupported)
{
    /// <summary>The methods of texts.</summary>
    public static MethodSet OfTexts { get; } = new(
        new Dictionary<string, Builtin>([.. TextMethods.All, .. TextSearchMethods.All, .. TextSplitMethods.All], StringComparer.Ordinal),
        [],
        ["encode", "maketrans", "translate"]);

    /// <summary>The methods of dicts.</summary>
    public static MethodSet OfMappings { get; } = new(MappingMethods.All, ["clear", "pop", "popitem", "setdefault", "update"],
        ["fromkeys"]);

    /// <summary>The methods of lists, tuples and ranges.</summary>
    public static MethodSet OfSequences { get; } = new(
        SequenceMethods.All, ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"], []);
}
