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

    /// <summary>Groups of each of these parts, of which this memory may be a stretch, and the first group of it.</summary>
    internal (int OfPart, long First) PartGroups { get; init; }

    /// <summary>G.</summary>
    internal int Groups => Logits.Count;

    /// <summary>Tiles that cover the layer.</summary>
    internal int Tiles => Logits.Tiles;

    /// <summary>Whether a step reached none of a tile's groups: they have no gradient, nor a reward.</summary>
    internal bool IsUnreached(TileRange range)
    {
        if (Reached is null) return false;
        (int groups, long begin) = PartGroups;
        int first = (int)((begin + range.FirstGroup) / groups), last = (int)((begin + range.FirstGroup + range.Groups - 1) / groups);
        return !Reached.AsSpan(first, last - first + 1).Contains(true);
    }

    /// <summary>Where a tile lies.</summary>
    internal TileRange Range(int tile) => new(Groups, Pattern.GroupSize, tile);
}
