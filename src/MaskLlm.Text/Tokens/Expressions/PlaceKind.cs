namespace MaskLlm.Tokens.Expressions;

/// <summary>Places between code points, as Oniguruma knows them.</summary>
internal enum PlaceKind
{
    /// <summary><c>^</c>: the start of the text, or after a line feed that does not end it.</summary>
    LineStart,

    /// <summary><c>$</c>: the end of the text, or before a line feed.</summary>
    LineEnd,

    /// <summary><c>\A</c>: the start of the text.</summary>
    TextStart,

    /// <summary><c>\z</c>: the end of the text.</summary>
    TextEnd,

    /// <summary><c>\Z</c>: the end of the text, or before a line feed that ends it.</summary>
    TextEndOrLastLine,

    /// <summary><c>\b</c>: between a word's code point and another.</summary>
    WordEdge,

    /// <summary><c>\B</c>: anywhere else.</summary>
    NoWordEdge,
}
