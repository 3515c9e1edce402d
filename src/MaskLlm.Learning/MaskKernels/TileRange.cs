namespace MaskLlm.MaskKernels;

/// <summary>Where a tile lies in its layer.</summary>
internal readonly struct TileRange
{
    private readonly int _groupSize;

    internal TileRange(in MaskLayer layer, int index)
    {
        _groupSize = layer.Pattern.GroupSize;
        Index = index;
        Groups = Math.Min(MaskTile.Size, layer.Groups - FirstGroup);
    }

    /// <summary>Counts tiles from 0.</summary>
    internal int Index { get; }

    /// <summary>Groups that the layer has there.</summary>
    internal int Groups { get; }

    /// <summary>The same, up to the next multiple that kernels take.</summary>
    internal int FilledUp => (Groups + MaskTile.Multiple - 1) / MaskTile.Multiple * MaskTile.Multiple;

    /// <summary>Whether the layer ends within the last of them.</summary>
    internal bool IsFilledUp => FilledUp != Groups;

    internal int FirstGroup => Index * MaskTile.Size;

    internal long FirstWeight => (long)FirstGroup * _groupSize;

    internal int Weights => Groups * _groupSize;
}
