using System.Numerics.Tensors;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;

namespace MaskLlm.Packing.Gguf;

/// <summary>
/// Reads rows of a tensor as float32, with pruned weights as 0. A matrix that is stored transposed, and a vector, whose rows are its
/// values, are read whole at the first row.
/// </summary>
/// <param name="source">The checkpoint.</param>
/// <param name="entry">A tensor in float32, bfloat16 or float16.</param>
/// <param name="columns">Values of a row.</param>
/// <param name="isTransposed">Whether rows are columns of the tensor.</param>
/// <param name="mask">What is kept, (rows, columns) however the tensor is stored; null for all.</param>
internal sealed class RowSource(SafetensorsCheckpoint source, TensorEntry entry, int columns, bool isTransposed, Mask? mask)
{
    private readonly float[] _row = new float[columns];
    private float[]? _turned;

    /// <summary>The values of a row; they last until the next one is read, and may be changed.</summary>
    /// <exception cref="InvalidDataException">A value is not finite.</exception>
    internal Span<float> Read(int row)
    {
        if (isTransposed || entry.Shape.Count == 1)
            (_turned ??= TurnedTensor.Read(source, entry)).AsSpan(checked(row * columns), columns).CopyTo(_row);
        else CheckpointRows.ReadFinite(source, entry, (long)row * columns, _row);
        if (mask is not null) Prune((long)row * columns, mask.Packed);
        return _row;
    }

    /// <summary>Refuses a row of values that are too large where they go.</summary>
    /// <exception cref="InvalidDataException">One is.</exception>
    internal void RequireFits(ReadOnlySpan<float> row, float largest)
    {
        float most = Math.Abs(TensorPrimitives.MaxMagnitude(row));
        if (!(most <= largest))
            throw new InvalidDataException(FormattableString.Invariant(
                $"{source.Folder}: {entry.Name} holds {most}, and the type of the file ends at {largest}; export in a wider type."));
    }

    private void Prune(long first, ReadOnlySpan<byte> packed)
    {
        for (int i = 0; i < _row.Length; i++)
        {
            long bit = first + i;
            if ((packed[(int)(bit >> 3)] & 0x80 >> (int)(bit & 7)) == 0) _row[i] = 0;
        }
    }
}
