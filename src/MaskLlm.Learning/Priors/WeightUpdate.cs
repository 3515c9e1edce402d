namespace MaskLlm.Priors;

/// <summary>What becomes of the weights that stay.</summary>
public enum WeightUpdate
{
    /// <summary>They stay as they are.</summary>
    None,

    /// <summary>They are solved for: the output comes as close to the dense model's as the mask allows.</summary>
    Exact,

    /// <summary>SparseGPT's own, a column at a time.</summary>
    Own,
}
