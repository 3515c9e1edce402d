namespace MaskLlm.Tokens;

/// <summary>The kinds of piece in a SentencePiece model, with the numbers of its file format.</summary>
internal enum PieceKind
{
    /// <summary>A piece of text.</summary>
    Normal = 1,

    /// <summary>The token for the unknown.</summary>
    Unknown = 2,

    /// <summary>A control token, never found in text.</summary>
    Control = 3,

    /// <summary>A text that is always one token.</summary>
    UserDefined = 4,

    /// <summary>A piece that is never an output.</summary>
    Unused = 5,

    /// <summary>A byte of fallback.</summary>
    Byte = 6,
}
