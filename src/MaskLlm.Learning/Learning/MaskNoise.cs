using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// The randomness of mask learning: each number is a function of (seed, step, layer, group, candidate) alone, so draws are
/// equal on any number of threads and need not be saved to resume a run.
/// </summary>
internal static class MaskNoise
{
    // Steps count from 0; the first logits are drawn at a step of their own.
    private const ulong InitialStep = 0xFFFF_FFFF;
    private const int GroupsPerPiece = 1 << 15;

    /// <summary>Standard Gumbel noise g = -log(-log u), (C, G) float32 on the CPU.</summary>
    internal static Tensor Gumbel(ulong seed, long step, int layer, int candidates, int groups, int firstGroup = 0) =>
        Uniform(seed, (ulong)step, layer, candidates, groups, firstGroup).log_().neg_().log_().neg_();

    /// <summary>The noise of a layer's sample, in the shape of its logits and on their device; of the caller's scope.</summary>
    internal static Tensor Gumbel(MaskSample sample, Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        return Gumbel(sample.Seed, sample.Step, (int)sample.Layer, (int)logits.size(0), (int)logits.size(1), sample.FirstGroup)
            .to(logits.device).MoveToOuterDisposeScope();
    }

    /// <summary>Standard normal numbers for the first logits, (C, G) float32 on the CPU (Box and Muller 1958).</summary>
    internal static Tensor Normal(ulong seed, int layer, int candidates, int groups)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor radius = Uniform(seed, InitialStep, 2 * layer, candidates, groups).log_().TimesInPlace(-2).sqrt_();
        Tensor angle = Uniform(seed, InitialStep, 2 * layer + 1, candidates, groups).TimesInPlace(2 * Math.PI).cos_();
        return radius.mul_(angle).MoveToOuterDisposeScope();
    }

    private static Tensor Uniform(ulong seed, ulong step, int layer, int candidates, int groups, int firstGroup = 0)
    {
        Tensor uniform = empty(candidates, groups, dtype: ScalarType.Float32);
        int pieces = (groups + GroupsPerPiece - 1) / GroupsPerPiece;
        ulong counterHigh = (step << 32) | (uint)layer;
        unsafe
        {
            fixed (float* start = TensorBytes.Floats(uniform))
            {
                // A span cannot enter the closure; the pointer is pinned for the whole loop.
                IntPtr target = (IntPtr)start;
                Parallel.For(0, pieces, Workers(), piece => FillPiece((float*)target, seed, counterHigh, candidates, groups,
                    firstGroup, piece));
            }
        }
        return uniform;
    }

    private static unsafe void FillPiece(float* target, ulong seed, ulong counterHigh, int candidates, int groups, int firstGroup,
        int piece)
    {
        int end = Math.Min(groups, (piece + 1) * GroupsPerPiece);
        Span<uint> words = stackalloc uint[4];
        for (int block = 0; block * 4 < candidates; block++)
            for (int group = piece * GroupsPerPiece; group < end; group++)
            {
                Philox.Block(seed, counterHigh, ((ulong)block << 32) | (uint)(firstGroup + group), words);
                for (int c = block * 4; c < Math.Min(candidates, block * 4 + 4); c++)
                    target[(long)c * groups + group] = ToOpenUnit(words[c & 3]);
            }
    }

    // 23 bits and a half: exact in float32 and never 0 or 1, whose logarithms would be infinite.
    private static float ToOpenUnit(uint word) => ((word >> 9) + 0.5f) * (1f / (1 << 23));

    private static ParallelOptions Workers() => new() { MaxDegreeOfParallelism = get_num_threads() };
}
