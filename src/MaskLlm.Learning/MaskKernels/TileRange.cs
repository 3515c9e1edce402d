namespace MaskLlm.MaskKernels;

/// <summary>Where a tile lies in its layer.</summary>
internal readonly struct TileRange
{
    private readonly int _groupSize;

    /// <param name="groups">Of the layer.</param>
    /// <param name="groupSize">Weights of a group; 1 where each is for itself.</param>
    /// <param name="index">Counts tiles from 0.</param>
    internal TileRange(int groups, int groupSize, int index)
    {
        _groupSize = groupSize;
        Index = index;
        Groups = Math.Min(MaskTile.Size, groups - FirstGroup);
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
