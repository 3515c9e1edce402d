using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>What one thread needs beside a layer's memory to work on a tile.</summary>
internal sealed class TileScratch(NmPattern pattern)
{
    /// <summary>The pattern that the sizes are of.</summary>
    internal NmPattern Pattern => pattern;

    /// <summary>(C + M, Size) for the kernel itself.</summary>
    internal float[] Kernel { get; } = new float[(pattern.CandidateCount + pattern.GroupSize) * MaskTile.Size];

    /// <summary>(C, Size): logits of a tile that is not whole.</summary>
    internal float[] Logits { get; } = new float[pattern.CandidateCount * MaskTile.Size];

    /// <summary>(C, Size): gradient by the logits.</summary>
    internal float[] Gradient { get; } = new float[pattern.CandidateCount * MaskTile.Size];

    /// <summary>(C, Size): the noise's words.</summary>
    internal uint[] Words { get; } = new uint[pattern.CandidateCount * MaskTile.Size];

    /// <summary>(Size, M): weights, widened or filled up.</summary>
    internal float[] Weight { get; } = new float[pattern.GroupSize * MaskTile.Size];

    /// <summary>(Size, M): masked weights or their gradient, widened or filled up.</summary>
    internal float[] Masked { get; } = new float[pattern.GroupSize * MaskTile.Size];

    /// <summary>(Size): largest probabilities; first moments of one candidate.</summary>
    internal float[] First { get; } = new float[MaskTile.Size];

    /// <summary>(Size): second moments of one candidate.</summary>
    internal float[] Second { get; } = new float[MaskTile.Size];

    /// <summary>(Size * M) values of two bytes.</summary>
    internal ushort[] Narrow { get; } = new ushort[pattern.GroupSize * MaskTile.Size];

    /// <summary>(Size) values of one byte.</summary>
    internal byte[] Bytes { get; } = new byte[MaskTile.Size];
}
