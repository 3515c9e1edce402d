namespace MaskLlm.Learning;

/// <summary>A set of choices that go together; every option can still be set on top of one.</summary>
public enum Recipe
{
    /// <summary>The best known here (docs/results): the dense model teaches, groups start exactly on the prior, and nothing is
    /// drawn.</summary>
    Distilled,

    /// <summary>The paper's (arXiv 2409.17481), at a size for one machine.</summary>
    MaskLlm,

    /// <summary>The best known where weights may change: mask and kept weights solved for together, then the kept weights trained with the
    /// dense model as teacher.</summary>
    Tuned,
}
