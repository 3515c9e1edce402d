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
    private readonly float _largest;

    /// <exception cref="ArgumentException">A mask that is not 2:4 or does not fit.</exception>
    internal MatrixRows(SafetensorsCheckpoint file, IReadOnlyDictionary<string, Mask>? masks, DecoderConfig config, WeightType type)
    {
        (_file, _masks, _largest) = (file, masks, type == WeightType.BFloat16 ? BFloat16Bits.Largest : float.MaxValue);
        foreach ((string name, int rows, int columns, _) in ParameterShapes.Matrices(config)) _entries[name] = CheckpointContents.RequireParameter(file.Folder, file, name, [rows, columns]);
        foreach ((string name, Mask mask) in masks ?? new Dictionary<string, Mask>()) Check(name, mask);
    }

    /// <summary>Whether a layer is 2:4: its mask says so, or without masks its weights.</summary>
    internal bool IsSparse(string name)
    {
        if (_masks is not null) return _masks.ContainsKey(name);
        TensorEntry entry = _entries[name];
        if (entry.Shape[1] % 4 != 0) return false;
        float[] row = new float[entry.Shape[1]];
        for (long r = 0; r < entry.Shape[0]; r++)
        {
            CheckpointRows.ReadFinite(_file, entry, r * row.Length, row);
            if (!TwoOfFourRows.Fits(row)) return false;
        }
        return true;
    }

    internal void Read(string name, int firstRow, Span<float> values, Span<byte> kept)
    {
        TensorEntry entry = _entries[name];
        int columns = (int)entry.Shape[1];
        CheckpointRows.ReadFinite(_file, entry, (long)firstRow * columns, values);
        float most = Math.Abs(TensorPrimitives.MaxMagnitude<float>(values));
        if (most > _largest)
            throw new InvalidDataException(FormattableString.Invariant($"{_file.Folder}: {name} holds {most}, and bfloat16 ends at {_largest}; export with --type float32."));
        if (kept.IsEmpty) return;
        if (_masks is null)
        {
            TwoOfFourRows.Mark(values, kept);
            return;
        }
        Mask mask = _masks[name];
        for (int i = 0; i < kept.Length; i++) kept[i] = mask[firstRow + i / columns, i % columns] ? (byte)1 : (byte)0;
    }

    private void Check(string name, Mask mask)
    {
        if (!_entries.TryGetValue(name, out TensorEntry? entry) || !entry.Shape.SequenceEqual([mask.Rows, mask.Columns]))
            throw new ArgumentException($"the mask of {name} ({mask.Rows} x {mask.Columns}) does not fit {_file.Folder}; it belongs to another model.");
        if (!mask.Has(NmPattern.TwoOfFour))
            throw new ArgumentException($"{name}: its mask is not 2:4 in every group, and the runtime computes 2:4 and dense; learn or prune with --pattern 2:4, or export dense.");
    }
}
