namespace MaskLlm.Tokens;

/// <summary>A token that is recognised inside the text, outside of the model.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
internal sealed record AddedToken(string Content, int Id)
{
    /// <summary>Matches whole words only.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space before it along.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Takes the white space after it along.</summary>
    public bool StripsRight { get; init; }

    /// <summary>Looked for in the normalized text rather than in the raw one.</summary>
    public bool IsNormalized { get; init; }

    /// <summary>Left out when special tokens are skipped.</summary>
    public bool IsSpecial { get; init; }
}
