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

    /// <summary>Weights alone; from the prior's mask on, each group keeps what is largest, until the mask settles.</summary>
    Moving,

    /// <summary>All weights and no mask: what the same steps on the same data give the dense model.</summary>
    Dense,
}
