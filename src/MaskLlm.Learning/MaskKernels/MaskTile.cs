using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>
/// A run of at most <see cref="Size"/> groups of one layer: what a kernel works on at a time, small enough to stay in the first
/// caches. Its number of groups is a multiple of <see cref="Multiple"/>, so kernels have no tails; the last tile of a layer
/// is filled up with groups whose weights are 0.
/// </summary>
internal readonly ref struct MaskTile
{
    /// <summary>Groups of a whole tile; also the length of a block of 8-bit moments.</summary>
    internal const int Size = 256;

    /// <summary>Lanes of the widest kernel.</summary>
    internal const int Multiple = 16;

    /// <summary>Tiles that cover some groups.</summary>
    internal static int CountOf(long groups) => (int)((groups + Size - 1) / Size);

    /// <summary>N:M.</summary>
    internal required NmPattern Pattern { get; init; }

    /// <summary>Logit of candidate c and the tile's group g at [c * <see cref="Stride"/> + g].</summary>
    internal required ReadOnlySpan<float> Logits { get; init; }

    /// <summary>Distance of a group's candidates.</summary>
    internal required int Stride { get; init; }

    /// <summary>W, (groups, M).</summary>
    internal required ReadOnlySpan<float> Weight { get; init; }

    /// <summary>The place of the tile's first group in its layer: first part of the noise's counter.</summary>
    internal required int FirstGroup { get; init; }

    /// <summary>Groups, filled up.</summary>
    internal int Groups => Weight.Length / Pattern.GroupSize;
}
