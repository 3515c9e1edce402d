using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>The memory of one layer while its masks are learned, owned by the caller for as long as a pass runs.</summary>
internal readonly unsafe struct MaskLayer
{
    /// <summary>N:M.</summary>
    internal required NmPattern Pattern { get; init; }

    /// <summary>p, (C, G), and AdamW's moments of it.</summary>
    internal required AdamWState Logits { get; init; }

    /// <summary>W, (G, M) float32 or bfloat16.</summary>
    internal required void* Weight { get; init; }

    /// <summary>Whether <see cref="Weight"/> is bfloat16.</summary>
    internal required bool NarrowWeight { get; init; }

    /// <summary>Of as many parts of the layer, one after another, whether a step reached them; null where it reached all.</summary>
    internal bool[]? Reached { get; init; }

    /// <summary>Groups of each of these parts.</summary>
    internal int PartGroups { get; init; }

    /// <summary>G.</summary>
    internal int Groups => Logits.Count;

    /// <summary>Tiles that cover the layer.</summary>
    internal int Tiles => Logits.Tiles;

    /// <summary>Whether a step reached none of a tile's groups: they have no gradient, nor a reward.</summary>
    /// <param name="range">The tile's.</param>
    /// <param name="begin">The place in the layer of the first group that this memory has.</param>
    internal bool IsUnreached(TileRange range, int begin)
    {
        if (Reached is null) return false;
        int first = (begin + range.FirstGroup) / PartGroups, last = (begin + range.FirstGroup + range.Groups - 1) / PartGroups;
        return !Reached.AsSpan(first, last - first + 1).Contains(true);
    }

    /// <summary>Where a tile lies.</summary>
    internal TileRange Range(int tile) => new(Groups, Pattern.GroupSize, tile);
}
