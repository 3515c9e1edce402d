namespace MaskLlm.Tokens;

/// <summary>Which pieces a <see cref="MetaspacePreTokenizer"/> puts its character in front of.</summary>
internal enum MetaspacePrefix
{
    /// <summary>Every piece.</summary>
    Always,

    /// <summary>The piece that begins the text.</summary>
    First,

    /// <summary>No piece.</summary>
    Never,
}
