using System.Numerics.Tensors;
using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;

namespace MaskLlm.Packing.Gguf;

/// <summary>The tensors of a GGUF file, made of those of a checkpoint a row at a time.</summary>
internal sealed class GgufWeights(
    SafetensorsCheckpoint source, DecoderConfig config, IReadOnlyDictionary<string, Mask>? masks, GgufType type,
    IProgress<Progress>? progress, CancellationToken cancellation)
{
    private const long ProgressBytes = 1 << 20;

    /// <summary>All tensors, in the order of the forward pass.</summary>
    /// <param name="notes">Gets a sentence where a matrix has another type than asked for.</param>
    internal IReadOnlyList<GgufTensor> Plan(List<string> notes)
    {
        foreach ((string name, int[] shape) in ParameterShapes.All(config))
            CheckpointContents.RequireParameter(source.Folder, source, name, [.. shape]);
        GgufPart[] parts = [.. GgufParts.Of(config)];
        ByteCount done = new("packing", parts.Sum(part => part.Rows.Sum(rows => rows.Count * BytesOfRow(part, rows))), progress);
        NoteOtherTypes(parts, notes);
        return
        [
            .. parts.Select(part => new GgufTensor(part.Name, TypeOf(part), part.Shape, stream => Write(stream, part, done))),
            .. GgufRotary.Tensors(config),
        ];
    }

    // llama.cpp adds and multiplies vectors in F32 only; its own tools store a matrix of odd width in F16.
    private GgufType TypeOf(GgufPart part) => part.IsExact ? GgufType.Float32 : IsWhole(part) ? type : GgufType.Float16;

    private bool IsWhole(GgufPart part) => part.Shape[^1] % type.BlockValues() == 0;

    private long BytesOfRow(GgufPart part, GgufRows rows) => (long)(part.Columns ?? 1) * source.Tensors[rows.Tensor].Type.ByteWidth();

    private void NoteOtherTypes(GgufPart[] parts, List<string> notes)
    {
        foreach (IGrouping<long, GgufPart> narrow in parts.Where(part => !part.IsExact && !IsWhole(part)).GroupBy(part => part.Shape[^1]))
            notes.Add(
                $"{narrow.First().Rows[0].Tensor}{(narrow.Count() > 1 ? $" and {narrow.Count() - 1} more" : "")}: {narrow.Key} columns "
                + $"are no multiple of {type.BlockValues()}, so {(narrow.Count() > 1 ? "they are" : "it is")} f16 instead of "
                + $"{type.Spelling()}.");
    }

    private void Write(Stream stream, GgufPart part, ByteCount done)
    {
        GgufType target = TypeOf(part);
        int columns = part.Columns ?? 1;
        byte[] bytes = new byte[target.ByteLength(columns)];
        long untold = 0;
        RowSource? last = null;
        string? from = null;
        foreach (GgufRows rows in part.Rows)
        {
            // Experts of one tensor, which is turned once.
            RowSource values = last is not null && from == rows.Tensor ? last
                : new(source, source.Tensors[rows.Tensor], columns, rows.IsTransposed, masks?.GetValueOrDefault(rows.Tensor));
            (last, from) = (values, rows.Tensor);
            for (int row = 0; row < rows.Count; row++)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<float> read = values.Read(rows.Source(row));
                if (part.AddsOne) TensorPrimitives.Add(read, 1, read);
                values.RequireFits(read, target.Largest());
                GgufValues.Write(target, read, bytes);
                stream.Write(bytes);
                untold += BytesOfRow(part, rows);
                if (untold < ProgressBytes) continue;
                done.Add(untold);
                untold = 0;
            }
        }
        done.Add(untold);
    }
}
