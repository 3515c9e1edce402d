using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>The memory of one layer while its masks are learned, owned by the caller for as long as a pass runs.</summary>
internal readonly unsafe struct MaskLayer
{
    /// <summary>N:M.</summary>
    internal required NmPattern Pattern { get; init; }

    /// <summary>G.</summary>
    internal required int Groups { get; init; }

    /// <summary>p, (C, G) float32.</summary>
    internal required float* Logits { get; init; }

    /// <summary>W, (G, M) float32 or bfloat16.</summary>
    internal required void* Weight { get; init; }

    /// <summary>Whether <see cref="Weight"/> is bfloat16.</summary>
    internal required bool NarrowWeight { get; init; }

    /// <summary>AdamW's m, (C, G) of <see cref="Moments"/>; null where no update is made.</summary>
    internal void* First { get; init; }

    /// <summary>AdamW's v, (C, G) of <see cref="Moments"/>.</summary>
    internal void* Second { get; init; }

    /// <summary>Scale of each 256 first moments of a candidate, (C, ceil(G / 256)); 8-bit moments only.</summary>
    internal float* FirstScales { get; init; }

    /// <summary>The same of the second moments.</summary>
    internal float* SecondScales { get; init; }

    /// <summary>How the moments are kept.</summary>
    internal MomentType Moments { get; init; }

    /// <summary>Tiles that cover the layer.</summary>
    internal int Tiles => MaskTile.CountOf(Groups);
}
