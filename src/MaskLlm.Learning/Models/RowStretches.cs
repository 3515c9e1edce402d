using MaskLlm.Masks;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>A wide matrix some rows at a time: what is made of all of it at once is several times its size.</summary>
internal static class RowStretches
{
    // In float32; more only costs memory.
    private const int WeightsAtOnce = 1 << 22;

    /// <summary>The first row and the number of rows of each stretch; their masks begin at whole bytes.</summary>
    internal static IEnumerable<(int First, int Count)> Of(int rows, int columns)
    {
        int together = Math.Max(1, WeightsAtOnce / columns / 8) * 8;
        for (int first = 0; first < rows; first += together) yield return (first, Math.Min(together, rows - first));
    }

    /// <summary>A mask made so.</summary>
    /// <param name="rows">O.</param>
    /// <param name="columns">I.</param>
    /// <param name="maskOf">Gives the mask of so many rows from the first; its tensors go afterwards.</param>
    internal static Mask Mask(int rows, int columns, Func<int, int, Mask> maskOf)
    {
        byte[] packed = new byte[Masks.Mask.PackedLength(rows, columns)];
        foreach ((int first, int count) in Of(rows, columns))
        {
            using DisposeScope scope = NewDisposeScope();
            maskOf(first, count).Packed.CopyTo(packed.AsSpan((int)((long)first * columns / 8)));
        }
        return new Mask(rows, columns, packed);
    }
}
