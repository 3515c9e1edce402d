namespace MaskLlm.Chat.Values;

/// <summary>What messages call the types of values: Python's names.</summary>
internal static class TypeNames
{
    /// <summary>The type of a value, with its article.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        long => "an int",
        Undefined => "an undefined value",
        _ => "a " + Of(value),
    };

    /// <summary>The type of a value.</summary>
    public static string Of(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long => "int",
        double => "float",
        string or Markup => "str",
        Mapping => "dict",
        Sequence { Kind: SequenceKind.List } => "list",
        Sequence { Kind: SequenceKind.Tuple } => "tuple",
        Sequence { Kind: SequenceKind.Range } => "range",
        Sequence { Kind: SequenceKind.View } => "view of a dict",
        Sequence => "generator",
        Callable => "function",
        Undefined => "undefined",
        Namespace => "namespace",
        _ => "loop",
    };
}
