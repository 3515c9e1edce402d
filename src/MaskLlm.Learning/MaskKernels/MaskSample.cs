namespace MaskLlm.MaskKernels;

/// <summary>What decides a layer's sample of masks in one step, beside its logits.</summary>
/// <param name="Seed">Key of the noise.</param>
/// <param name="Step">Third part of the noise's counter.</param>
/// <param name="Layer">Second part of the noise's counter.</param>
/// <param name="Kappa">Scale of the logits.</param>
/// <param name="Tau">Temperature.</param>
/// <param name="Reward">lambda of this step; only the gradient reads it.</param>
/// <param name="Hard">Straight-through: the mask is the candidate of the largest probability.</param>
/// <param name="Noisy">Whether Gumbel noise is drawn; otherwise the soft mask is the logits' own, and no random number is made for
/// it.</param>
/// <param name="FirstGroup">The place in the layer of the first group that this process owns, a multiple of a tile's.</param>
internal readonly record struct MaskSample(
    ulong Seed, uint Step, uint Layer, float Kappa, float Tau, float Reward, bool Hard, bool Noisy = true, int FirstGroup = 0);
