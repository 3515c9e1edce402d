using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;

namespace MaskLlm.Packing.Gguf;

/// <summary>The tensors of a GGUF file, made of those of a checkpoint a row at a time.</summary>
internal sealed class GgufWeights(
    SafetensorsCheckpoint source, DecoderConfig config, IReadOnlyDictionary<string, Mask>? masks, GgufType type, Action<long, long>? progress, CancellationToken cancellation)
{
    private const long ProgressBytes = 1 << 20;

    private long _doneBytes, _toldBytes, _totalBytes;

    /// <summary>All tensors, in the order of the forward pass.</summary>
    /// <param name="notes">Gets a sentence where a matrix has another type than asked for.</param>
    internal IReadOnlyList<GgufTensor> Plan(List<string> notes)
    {
        TensorEntry[] entries = [.. ParameterShapes.All(config).Select(parameter => CheckpointContents.RequireParameter(source.Folder, source, parameter.Name, [.. parameter.Shape]))];
        _totalBytes = entries.Sum(entry => entry.ByteLength);
        NoteOtherTypes(entries, notes);
        List<GgufTensor> tensors = [.. entries.Select(Tensor)];
        if (GgufArchitecture.RotaryDivisors(config) is { } divisors)
            tensors.Add(new GgufTensor(GgufNames.RotaryDivisors, GgufType.Float32, [divisors.Length], stream => stream.Write(MemoryMarshal.AsBytes<float>(divisors))));
        return tensors;
    }

    private GgufTensor Tensor(TensorEntry entry) =>
        new(GgufNames.Of(entry.Name), TypeOf(entry), entry.Shape, stream => Write(stream, entry));

    // llama.cpp adds and multiplies vectors in F32 only; its own tools store a matrix of odd width in F16.
    private GgufType TypeOf(TensorEntry entry) => entry.Shape.Count == 1 ? GgufType.Float32 : IsWhole(entry) ? type : GgufType.Float16;

    private bool IsWhole(TensorEntry entry) => entry.Shape[^1] % type.BlockValues() == 0;

    private void NoteOtherTypes(TensorEntry[] entries, List<string> notes)
    {
        foreach (IGrouping<long, TensorEntry> narrow in entries.Where(entry => entry.Shape.Count > 1 && !IsWhole(entry)).GroupBy(entry => entry.Shape[^1]))
            notes.Add(
                $"{narrow.First().Name}{(narrow.Count() > 1 ? $" and {narrow.Count() - 1} more" : "")}: {narrow.Key} columns are no multiple of {type.BlockValues()}, so {(narrow.Count() > 1 ? "they are" : "it is")} f16 instead of {type.Spelling()}.");
    }

    private void Write(Stream stream, TensorEntry entry)
    {
        bool isVector = entry.Shape.Count == 1;
        (int rows, int columns) = isVector ? ((int)entry.Shape[0], 1) : ((int)entry.Shape[0], (int)entry.Shape[1]);
        GgufType target = TypeOf(entry);
        RowSource values = new(source, entry, columns, masks?.GetValueOrDefault(entry.Name), target.Largest());
        int heads = HeadsToReorder(entry.Name);
        byte[] bytes = new byte[target.ByteLength(columns)];
        for (int row = 0; row < rows; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            GgufValues.Write(target, values.Read(heads > 0 ? RotaryRows.Source(row, rows / heads) : row), bytes);
            stream.Write(bytes);
            Tell(entry.ByteLength / rows);
        }
    }

    private int HeadsToReorder(string name)
    {
        if (!GgufArchitecture.TurnsNeighbours(config)) return 0;
        return name.Contains(".q_proj.", StringComparison.Ordinal) ? config.HeadCount
            : name.Contains(".k_proj.", StringComparison.Ordinal) ? config.KeyValueHeadCount : 0;
    }

    private void Tell(long bytes)
    {
        _doneBytes += bytes;
        if (_doneBytes - _toldBytes < ProgressBytes && _doneBytes < _totalBytes) return;
        _toldBytes = _doneBytes;
        progress?.Invoke(_doneBytes, _totalBytes);
    }
}
