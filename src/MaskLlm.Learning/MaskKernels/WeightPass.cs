using System.Numerics.Tensors;
using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>AdamW over the weights of a layer, tile by tile on several threads; the result does not depend on their number.</summary>
/// <param name="kernel">The arithmetic.</param>
/// <param name="threads">At least 1.</param>
internal sealed unsafe class WeightPass(IMaskKernel kernel, int threads)
{
    // Any pattern's scratch holds a tile of single weights.
    private readonly TileLoop _tiles = new(NmPattern.TwoOfFour, threads);

    /// <summary>One update.</summary>
    /// <param name="weights">All weights as one row.</param>
    /// <param name="gradient">As many, float32 or bfloat16.</param>
    /// <param name="narrow">Whether <paramref name="gradient"/> is bfloat16.</param>
    /// <param name="mask">As many float32, factors of the gradient; null for none.</param>
    /// <param name="rounding">Seed, layer and step, by which moments of less than 32 bits are rounded; a weight is a group.</param>
    /// <param name="step">Clip, rates, decays.</param>
    internal void Update(AdamWState weights, void* gradient, bool narrow, float* mask, MaskSample rounding, AdamWStep step) =>
        _tiles.ForEach(weights.Tiles, (index, scratch) =>
        {
            TileRange range = new(weights.Count, groupSize: 1, index);
            Span<float> filled = scratch.Gradient.AsSpan(0, range.FilledUp), own = filled[..range.Groups];
            filled.Clear();
            if (narrow)
            {
                Span<ushort> words = scratch.Narrow.AsSpan(0, range.FilledUp);
                words.Clear();
                new ReadOnlySpan<ushort>((ushort*)gradient + range.FirstWeight, range.Groups).CopyTo(words);
                kernel.Widen(words, filled);
            }
            else new ReadOnlySpan<float>((float*)gradient + range.FirstWeight, range.Groups).CopyTo(own);
            if (mask is not null)
                TensorPrimitives.Multiply(own, new ReadOnlySpan<float>(mask + range.FirstWeight, range.Groups), own);
            if (weights.Moments != MomentType.Float32)
                kernel.Words(rounding, (uint)(rounding.FirstGroup / MaskTile.Size + index), scratch.Words.AsSpan(0, MaskTile.Size));
            if (range.IsFilledUp)
            {
                Span<float> values = scratch.Logits.AsSpan(0, range.FilledUp);
                values.Clear();
                new ReadOnlySpan<float>(weights.Values + range.FirstWeight, range.Groups).CopyTo(values);
            }
            new StoredMoments(kernel, weights, 0, range, scratch).Update(step, filled);
        });
}
