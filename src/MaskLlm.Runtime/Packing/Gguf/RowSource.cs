using System.Numerics.Tensors;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;

namespace MaskLlm.Packing.Gguf;

/// <summary>Reads rows of a tensor as float32, with pruned weights as 0.</summary>
/// <param name="source">The checkpoint.</param>
/// <param name="entry">A tensor in float32, bfloat16 or float16.</param>
/// <param name="columns">Values of a row.</param>
/// <param name="mask">What is kept; null for all.</param>
/// <param name="largest">The largest magnitude that fits where the values go.</param>
internal sealed class RowSource(SafetensorsCheckpoint source, TensorEntry entry, int columns, Mask? mask, float largest)
{
    private readonly float[] _row = new float[columns];

    /// <summary>The values of a row; they last until the next one is read.</summary>
    /// <exception cref="InvalidDataException">A value is not finite, or too large.</exception>
    internal ReadOnlySpan<float> Read(int row)
    {
        CheckpointRows.ReadFinite(source, entry, (long)row * columns, _row);
        if (mask is not null) Prune((long)row * columns, mask.Packed);
        float most = Math.Abs(TensorPrimitives.MaxMagnitude<float>(_row));
        if (!(most <= largest)) throw TooLarge(most);
        return _row;
    }

    private void Prune(long first, ReadOnlySpan<byte> packed)
    {
        for (int i = 0; i < _row.Length; i++)
        {
            long bit = first + i;
            if ((packed[(int)(bit >> 3)] & 0x80 >> (int)(bit & 7)) == 0) _row[i] = 0;
        }
    }

    private InvalidDataException TooLarge(float most) =>
        new(FormattableString.Invariant($"{source.Folder}: {entry.Name} holds {most}, and the type of the file ends at {largest}; export in a wider type."));
}
