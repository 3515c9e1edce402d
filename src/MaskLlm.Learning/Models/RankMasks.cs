using MaskLlm.Distributed;
using MaskLlm.Masks;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Masks that one rank tells the others.</summary>
internal static class RankMasks
{
    /// <summary>Those of the first rank. All ranks call it.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="own">Of the first; not looked at in the others.</param>
    internal static OrderedDictionary<string, Mask> OfFirst(Ranks ranks, IReadOnlyDictionary<string, Mask>? own)
    {
        string names = ranks.TextOfFirst(own is null ? null
            : string.Join('\n', own.Select(mask => FormattableString.Invariant($"{mask.Key} {mask.Value.Rows} {mask.Value.Columns}"))));
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        foreach (string line in names.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(' ');
            masks.Add(parts[0], Of(ranks, 0, own?[parts[0]], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture),
                int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture)));
        }
        return masks;
    }

    /// <summary>One mask of one rank. All ranks call it.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="from">Whose it is.</param>
    /// <param name="own">Of that rank; not looked at in the others.</param>
    /// <param name="rows">O.</param>
    /// <param name="columns">I.</param>
    internal static Mask Of(Ranks ranks, int from, Mask? own, int rows, int columns)
    {
        if (ranks.Size == 1) return own!;
        using DisposeScope scope = NewDisposeScope();
        Tensor bytes = ranks.Rank == from ? MaskTensors.ToTensor(own!, CPU, ScalarType.Byte) : empty(rows, columns, ScalarType.Byte);
        RankTensors.Broadcast(ranks, bytes, from);
        return ranks.Rank == from ? own! : MaskTensors.FromTensor(bytes);
    }
}
