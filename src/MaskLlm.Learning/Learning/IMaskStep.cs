using MaskLlm.MaskKernels;
using MaskLlm.Training;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The part of a learning step that is about masks, one layer at a time: by fused kernels, or by plain tensor
/// operations.</summary>
internal interface IMaskStep : IDisposable
{
    /// <summary>As records name it.</summary>
    string Name { get; }

    /// <summary>Whether tiles of experts that no token of a step reached add nothing to the norm and are not updated.</summary>
    bool SkipsUnreachedTiles { get; }

    /// <summary>Draws the layer's masks and writes W * mask.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="sample">Noise, scale, temperature.</param>
    /// <param name="masked">(O, I) float32 or bfloat16, overwritten.</param>
    /// <returns>Sum over groups of the largest probability, and sum of (W * mask)^2.</returns>
    (double Largest, double Kept) Sample(LearnedLayer layer, MaskSample sample, Tensor masked);

    /// <summary>The masks of that sample again, by themselves.</summary>
    /// <param name="layer">The layer, its logits not yet updated.</param>
    /// <param name="sample">The same as of the sample.</param>
    /// <param name="mask">(O, I) float32, overwritten.</param>
    void Mask(LearnedLayer layer, MaskSample sample, Tensor mask);

    /// <summary>Squared norm of the gradient by the layer's logits.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="sample">The same as of the sample.</param>
    /// <param name="gradient">dL/d(W * mask), (O, I), in the type of the masked weight.</param>
    double SquaredNorm(LearnedLayer layer, MaskSample sample, Tensor gradient);

    /// <summary>Clips that gradient and updates the logits.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="sample">The same as of the sample.</param>
    /// <param name="gradient">The same as of the norm.</param>
    /// <param name="clip">Factor on the gradient.</param>
    /// <param name="rates">Learning rate and what else AdamW needs.</param>
    void Update(LearnedLayer layer, MaskSample sample, Tensor gradient, double clip, AdamWRates rates);
}
