using System.Numerics.Tensors;
using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>
/// The three passes of a learning step over a layer, tile by tile on several threads: sample, norm of the gradient, update.
/// Tiles and the order of their sums do not depend on the number of threads, so neither do the results.
/// </summary>
/// <param name="kernel">The arithmetic.</param>
/// <param name="pattern">N:M of every layer.</param>
/// <param name="threads">At least 1.</param>
internal sealed unsafe class MaskPass(IMaskKernel kernel, NmPattern pattern, int threads)
{
    private readonly TileLoop _tiles = new(pattern, threads);

    /// <summary>Draws the layer's masks and writes W * mask.</summary>
    /// <param name="layer">Logits and weights.</param>
    /// <param name="sample">Noise, scale, temperature.</param>
    /// <param name="masked">(G, M) float32 or bfloat16.</param>
    /// <param name="narrow">Whether <paramref name="masked"/> is bfloat16.</param>
    /// <returns>Sum over groups of the largest probability, and sum of (W * mask)^2.</returns>
    internal (double Largest, double Kept) Sample(MaskLayer layer, MaskSample sample, void* masked, bool narrow)
    {
        double[] largest = new double[layer.Tiles], kept = new double[layer.Tiles];
        _tiles.ForEach(layer.Tiles, (index, scratch) =>
        {
            TileRange range = layer.Range(index);
            MaskTile tile = Open(layer, sample, range, scratch);
            Span<float> target = narrow || range.IsFilledUp ? scratch.Masked.AsSpan(0, tile.Weight.Length)
                : new Span<float>((float*)masked + range.FirstWeight, range.Weights);
            kernel.Sample(tile, sample, target, scratch.First, scratch.Kernel);
            largest[index] = TensorPrimitives.Sum(scratch.First.AsSpan(0, range.Groups));
            kept[index] = TensorPrimitives.SumOfSquares<float>(target[..range.Weights]);
            if (narrow)
            {
                Span<ushort> words = scratch.Narrow.AsSpan(0, target.Length);
                kernel.Narrow(target, words);
                words[..range.Weights].CopyTo(new Span<ushort>((ushort*)masked + range.FirstWeight, range.Weights));
            }
            else if (range.IsFilledUp) target[..range.Weights].CopyTo(new Span<float>((float*)masked + range.FirstWeight, range.Weights));
        });
        return (largest.Sum(), kept.Sum());
    }

    /// <summary>Squared norm of the gradient by the layer's logits.</summary>
    /// <param name="layer">As it was sampled.</param>
    /// <param name="sample">The same as of the sample, and the reward.</param>
    /// <param name="gradient">dL/d(W * mask), (G, M) float32 or bfloat16.</param>
    /// <param name="narrow">Whether <paramref name="gradient"/> is bfloat16.</param>
    internal double SquaredNorm(MaskLayer layer, MaskSample sample, void* gradient, bool narrow)
    {
        double[] squares = new double[layer.Tiles];
        _tiles.ForEach(layer.Tiles, (index, scratch) =>
        {
            TileRange range = layer.Range(index);
            if (layer.IsUnreached(range, sample.FirstGroup)) return;
            MaskTile tile = Open(layer, sample, range, scratch);
            kernel.Gradient(tile, sample, OpenGradient(gradient, narrow, range, scratch), scratch.Gradient, [], scratch.Kernel);
            for (int c = 0; c < pattern.CandidateCount; c++)
                squares[index] += TensorPrimitives.SumOfSquares<float>(scratch.Gradient.AsSpan(c * MaskTile.Size, range.Groups));
        });
        return squares.Sum();
    }

    /// <summary>AdamW on the layer's logits, from the gradient of <see cref="SquaredNorm"/>.</summary>
    /// <param name="layer">As it was sampled, with its moments.</param>
    /// <param name="sample">The same as of the norm.</param>
    /// <param name="gradient">The same as of the norm.</param>
    /// <param name="narrow">Whether <paramref name="gradient"/> is bfloat16.</param>
    /// <param name="step">Clip, rates, decays.</param>
    internal void Update(MaskLayer layer, MaskSample sample, void* gradient, bool narrow, AdamWStep step)
    {
        _tiles.ForEach(layer.Tiles, (index, scratch) =>
        {
            TileRange range = layer.Range(index);
            if (layer.IsUnreached(range, sample.FirstGroup)) return;
            MaskTile tile = Open(layer, sample, range, scratch);
            Span<uint> words = layer.Logits.Moments == MomentType.Float32 ? [] : scratch.Words;
            kernel.Gradient(tile, sample, OpenGradient(gradient, narrow, range, scratch), scratch.Gradient, words, scratch.Kernel);
            for (int c = 0; c < pattern.CandidateCount; c++)
            {
                StoredMoments row = new(kernel, layer.Logits, c, range, scratch);
                row.Update(step, scratch.Gradient.AsSpan(c * MaskTile.Size, range.FilledUp));
            }
        });
    }

    private MaskTile Open(MaskLayer layer, MaskSample sample, TileRange range, TileScratch scratch)
    {
        ReadOnlySpan<float> logits = new(layer.Logits.Values + range.FirstGroup,
            checked((int)((pattern.CandidateCount - 1L) * layer.Groups + range.Groups)));
        int stride = layer.Groups;
        if (range.IsFilledUp)
        {
            for (int c = 0; c < pattern.CandidateCount; c++)
            {
                Span<float> row = scratch.Logits.AsSpan(c * MaskTile.Size, range.FilledUp);
                row.Clear();
                logits.Slice(c * stride, range.Groups).CopyTo(row);
            }
            logits = scratch.Logits;
            stride = MaskTile.Size;
        }
        return new MaskTile
        {
            Pattern = pattern,
            Logits = logits,
            Stride = stride,
            FirstGroup = sample.FirstGroup + range.FirstGroup,
            Weight = OpenValues(layer.Weight, layer.NarrowWeight, range, scratch.Weight, scratch.Narrow),
        };
    }

    private ReadOnlySpan<float> OpenGradient(void* gradient, bool narrow, TileRange range, TileScratch scratch) =>
        OpenValues(gradient, narrow, range, scratch.Masked, scratch.Narrow);

    /// <summary>A tile of an array in the weight's order: the array itself, or a copy that is widened and filled up with 0.</summary>
    private ReadOnlySpan<float> OpenValues(void* source, bool narrow, TileRange range, float[] copy, ushort[] words)
    {
        if (!narrow && !range.IsFilledUp) return new ReadOnlySpan<float>((float*)source + range.FirstWeight, range.Weights);
        Span<float> target = copy.AsSpan(0, range.FilledUp * pattern.GroupSize);
        if (!narrow)
        {
            target.Clear();
            new ReadOnlySpan<float>((float*)source + range.FirstWeight, range.Weights).CopyTo(target);
            return target;
        }
        ReadOnlySpan<ushort> stored = new((ushort*)source + range.FirstWeight, range.Weights);
        if (range.IsFilledUp)
        {
            Span<ushort> filled = words.AsSpan(0, target.Length);
            filled.Clear();
            stored.CopyTo(filled);
            stored = filled;
        }
        kernel.Widen(stored, target);
        return target;
    }
}
