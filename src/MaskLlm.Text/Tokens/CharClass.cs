namespace MaskLlm.Tokens;

/// <summary>The four kinds of character that the known split patterns tell apart.</summary>
internal enum CharClass : byte
{
    /// <summary>Anything else: punctuation, symbols, marks, control characters.</summary>
    Other,

    /// <summary><c>\p{L}</c>.</summary>
    Letter,

    /// <summary><c>\p{N}</c>.</summary>
    Number,

    /// <summary><c>\s</c>: Unicode white space, all of it in the basic plane.</summary>
    Space,
}
