namespace MaskLlm.Learning;

/// <summary>Whether the weights that stay are trained too.</summary>
public enum WeightTraining
{
    /// <summary>Weights are frozen: the method itself.</summary>
    None,

    /// <summary>Masks and weights together.</summary>
    WithMasks,

    /// <summary>Weights alone, under the prior's mask, which stays.</summary>
    Only,
}
