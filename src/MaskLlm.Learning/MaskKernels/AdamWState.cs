namespace MaskLlm.MaskKernels;

/// <summary>Rows of values under AdamW and its moments of them, owned by the caller for as long as a pass runs.</summary>
internal readonly unsafe struct AdamWState
{
    /// <summary>Values of a row: groups of a candidate's logits, or all weights of a layer in one row.</summary>
    internal required int Count { get; init; }

    /// <summary>(R, <see cref="Count"/>) float32.</summary>
    internal required float* Values { get; init; }

    /// <summary>m, (R, <see cref="Count"/>) of <see cref="Moments"/>; null where no update is made.</summary>
    internal void* First { get; init; }

    /// <summary>v, (R, <see cref="Count"/>) of <see cref="Moments"/>.</summary>
    internal void* Second { get; init; }

    /// <summary>Scale of each 256 first moments of a row, (R, <see cref="Tiles"/>); 8-bit moments only.</summary>
    internal float* FirstScales { get; init; }

    /// <summary>The same of the second moments.</summary>
    internal float* SecondScales { get; init; }

    /// <summary>How the moments are kept.</summary>
    internal MomentType Moments { get; init; }

    /// <summary>Tiles that cover a row.</summary>
    internal int Tiles => MaskTile.CountOf(Count);
}
