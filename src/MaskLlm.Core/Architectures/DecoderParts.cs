namespace MaskLlm.Architectures;

/// <summary>How a decoder normalises.</summary>
public enum NormKind
{
    /// <summary>By the root of the mean square (Zhang and Sennrich 2019).</summary>
    Rms,

    /// <summary>By mean and variance, with a bias (Ba et al. 2016).</summary>
    Layer,
}

/// <summary>What is normalised of queries and keys before they are turned.</summary>
public enum QueryKeyNorm
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Each head.</summary>
    Head,

    /// <summary>All heads together.</summary>
    Whole,
}

/// <summary>The function between the matrices of an MLP.</summary>
public enum Activation
{
    /// <summary>x sigmoid(x).</summary>
    Silu,

    /// <summary>x Phi(x), exactly.</summary>
    Gelu,

    /// <summary>The same, by the hyperbolic tangent.</summary>
    GeluTanh,

    /// <summary>max(x, 0) squared.</summary>
    ReluSquared,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x sigmoid(1.702 x).</summary>
    QuickGelu,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,
}
