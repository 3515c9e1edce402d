using System.Numerics.Tensors;
using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Numerals;
using MaskLlm.Patterns;
using MaskLlm.Products;

namespace MaskLlm.Packing;

/// <summary>The rows of a checkpoint's matrices, and which of their weights are kept.</summary>
internal sealed class MatrixRows
{
    private readonly SafetensorsCheckpoint _file;
    private readonly IReadOnlyDictionary<string, Mask>? _masks;
    private readonly Dictionary<string, TensorEntry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly IReadOnlyDictionary<string, RoundedTensor>? _rounded;
    private readonly WeightType _type;
    private (string Tensor, float[] Values)? _turned;

    /// <exception cref="ArgumentException">A mask that is not 2:4 or does not fit.</exception>
    internal MatrixRows(SafetensorsCheckpoint file, IReadOnlyDictionary<string, Mask>? masks,
        IReadOnlyDictionary<string, RoundedTensor>? rounded, DecoderConfig config, WeightType type)
    {
        (_file, _masks, _rounded, _type) = (file, masks, rounded, type);
        foreach (MatrixPlan matrix in MatrixPlan.All(config))
            _entries[matrix.Tensor] = CheckpointContents.RequireParameter(file.Folder, file, matrix.Tensor, matrix.StoredShape);
        Dictionary<string, LinearTensor> linears = ParameterShapes.Linears(config)
            .ToDictionary(linear => linear.Name, StringComparer.Ordinal);
        foreach ((string name, Mask mask) in masks ?? new Dictionary<string, Mask>()) Check(linears.GetValueOrDefault(name), name, mask);
    }

    /// <summary>Whether a matrix is packed 2:4: where masks are given it has one, and without them its zeros are.</summary>
    internal bool IsSparse(MatrixPlan matrix)
    {
        if (_masks is not null) return _masks.ContainsKey(matrix.Tensor);
        if (matrix.Columns % 4 != 0) return false;
        float[] row = new float[matrix.Columns];
        for (int r = 0; r < matrix.Rows; r++)
        {
            ReadTensorRows(matrix, r, 1, row);
            if (!TwoOfFourRows.Fits(row)) return false;
        }
        return true;
    }

    /// <summary>Reads rows of a matrix.</summary>
    /// <param name="matrix">Of the decoder.</param>
    /// <param name="firstRow">The first of them.</param>
    /// <param name="values">Takes (rows, I).</param>
    /// <param name="kept">Takes 1 where a weight is kept; empty for a dense matrix.</param>
    /// <returns>The grids that calibration gave the rows; empty where it gave none.</returns>
    /// <exception cref="InvalidDataException">A value is not finite, or too large for the type.</exception>
    internal Int4Grid[] Read(MatrixPlan matrix, int firstRow, Span<float> values, Span<byte> kept)
    {
        int columns = matrix.Columns, rows = values.Length / columns;
        for (int row = 0; row < rows;)
        {
            int together = Math.Min(rows - row, matrix.RowsTogether(firstRow + row));
            ReadTensorRows(matrix, firstRow + row, together, values.Slice(row * columns, together * columns));
            row += together;
        }
        Require(matrix, Math.Abs(TensorPrimitives.MaxMagnitude<float>(values)));
        if (!kept.IsEmpty && _masks is null) TwoOfFourRows.Mark(values, kept);
        else if (!kept.IsEmpty)
        {
            Mask mask = _masks![matrix.Tensor];
            for (int i = 0; i < kept.Length; i++)
                kept[i] = mask[matrix.TensorRow(firstRow + i / columns), i % columns] ? (byte)1 : (byte)0;
        }
        if (_rounded?.GetValueOrDefault(matrix.Tensor) is not { } rounded) return [];
        int gridsOfRow = RoundedTensor.GridsOf(columns);
        Int4Grid[] grids = new Int4Grid[rows * gridsOfRow];
        for (int row = 0; row < rows; row++)
            rounded.Read(matrix.TensorRow(firstRow + row), values.Slice(row * columns, columns),
                grids.AsSpan(row * gridsOfRow, gridsOfRow));
        return grids;
    }

    private void Require(MatrixPlan matrix, float most)
    {
        WeightType type = matrix.Packed(_type, false).Type;
        float largest = type switch
        {
            WeightType.BFloat16 => BFloat16Bits.Largest,
            WeightType.Int4 => Int4Grid.Largest,
            _ => float.MaxValue,
        };
        if (most <= largest) return;
        throw new InvalidDataException(FormattableString.Invariant(
            $"{_file.Folder}: {matrix.Tensor} holds {most}, and {WeightTypes.NameOf(type)} ends at {largest}; ")
            + "export with `type` float32.");
    }

    // Rows that lie together in the tensor.
    private void ReadTensorRows(MatrixPlan matrix, int row, int rows, Span<float> values)
    {
        TensorEntry entry = _entries[matrix.Tensor];
        long first = (long)matrix.TensorRow(row) * matrix.Columns;
        if (matrix.IsTransposed) Turned(entry).AsSpan(checked((int)first), rows * matrix.Columns).CopyTo(values);
        else CheckpointRows.ReadFinite(_file, entry, first, values);
    }

    // One at a time, as a tensor's blocks are packed one after another.
    private float[] Turned(TensorEntry entry)
    {
        lock (_lock)
        {
            if (_turned is not { } known || known.Tensor != entry.Name) _turned = known = (entry.Name, TurnedTensor.Read(_file, entry));
            return known.Values;
        }
    }

    private void Check(LinearTensor? linear, string name, Mask mask)
    {
        if (linear is null || (linear.Rows, linear.Columns) != (mask.Rows, mask.Columns))
            throw new ArgumentException($"the mask of {name} ({mask.Rows} x {mask.Columns}) does not fit {_file.Folder}; it belongs to "
                + $"another model.");
        if (!mask.Has(NmPattern.TwoOfFour))
            throw new ArgumentException(
                $"{name}: its mask is not 2:4 in every group, and the runtime computes 2:4 and dense; learn or prune with `Pattern` 2:4, "
                    + $"or export dense.");
    }
}
