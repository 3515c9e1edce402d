namespace MaskLlm.Learning;

/// <summary>What computes the masks of a learning step.</summary>
public enum KernelKind
{
    /// <summary>One pass over the memory of a layer each for sample, gradient and update: the CPU's.</summary>
    Fused,

    /// <summary>Tensor operations: the reference, and what a GPU runs.</summary>
    Plain,
}
