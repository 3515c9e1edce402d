namespace MaskLlm.Tokens.Expressions;

/// <summary>How often a repetition repeats first.</summary>
internal enum Greed
{
    /// <summary>As often as it can.</summary>
    Greedy,

    /// <summary>As seldom as it can.</summary>
    Lazy,

    /// <summary>As often as it can, giving nothing back.</summary>
    Possessive,
}
