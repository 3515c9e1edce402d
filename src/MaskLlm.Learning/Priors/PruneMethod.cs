using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>How layers are pruned.</summary>
/// <param name="Name">One of <see cref="PruneRun.Methods"/>, or <see cref="PruneRun.MaskMethod"/>.</param>
/// <param name="Pattern">N:M.</param>
/// <param name="Update">What becomes of the weights that stay; admm solves for them always.</param>
internal sealed record PruneMethod(string Name, NmPattern Pattern, WeightUpdate Update = WeightUpdate.None)
{
    /// <summary>The masks of <see cref="PruneRun.MaskMethod"/>, by the checkpoint's names.</summary>
    internal IReadOnlyDictionary<string, Mask>? Masks { get; init; }

    /// <summary>Experts that fewer tokens reach are looked at with all of them.</summary>
    internal int MinExpertTokens { get; init; } = PruneRequest.UsualExpertTokens;

    /// <summary>Where layers are rounded instead, all of what they hold.</summary>
    internal Int4Rounding? Rounding { get; init; }

    /// <summary>Whether a block's kept weights are trained after its layers are solved.</summary>
    internal bool TrainsBlocks { get; init; }

    /// <summary>Whether kept weights are solved for, which takes the dense model's inputs too.</summary>
    internal bool Solves => Name == PruneRun.AdmmMethod || Update == WeightUpdate.Exact;

    /// <summary>Whether the weights that stay are other ones afterwards.</summary>
    internal bool ChangesWeights => Solves || Update == WeightUpdate.Own;

    /// <summary>What it keeps of a layer's inputs.</summary>
    internal InputDetail Detail => Solves ? InputDetail.Cross
        : Name == PruneRun.SparseGptMethod || Rounding is not null ? InputDetail.Products : InputDetail.Squares;
}
