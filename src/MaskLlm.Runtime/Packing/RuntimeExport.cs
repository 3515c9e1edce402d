using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Json;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Products;

namespace MaskLlm.Packing;

/// <summary>Writes the one file of the CPU runtime: packed weights, norms, configuration and tokenizer.</summary>
public static class RuntimeExport
{
    // Weights are computed with where they lie in the file.
    internal const int CacheLine = 64;

    /// <summary>Packs a checkpoint, dense or 2:4.</summary>
    /// <param name="modelFolder">A Hugging Face folder, with weights in float32, bfloat16 or float16.</param>
    /// <param name="masks">
    /// 2:4 masks by the checkpoint's name; layers without one stay dense. Null: a linear layer whose weights are 2:4 already, as
    /// <see cref="MaskedCheckpoint"/> writes them, is stored so, and others dense.
    /// </param>
    /// <param name="type">How all matrices are stored; embedding and head of int4 as int8.</param>
    /// <param name="path">The file; replaced where it exists. It appears whole or not at all.</param>
    /// <param name="progress">Told the bytes done and the bytes in all.</param>
    /// <param name="stop">Stops within a few megabytes.</param>
    /// <exception cref="ArgumentException">A mask that is not 2:4 or does not fit the checkpoint.</exception>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="InvalidDataException">A missing, broken or non-finite tensor; a shape that config.json does not give.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    public static void Write(
        string modelFolder, IReadOnlyDictionary<string, Mask>? masks, WeightType type, string path,
        IProgress<Progress>? progress = null, CancellationToken stop = default) =>
        Write(modelFolder, masks, null, type, path, progress, stop);

    /// <summary>The same with linear tensors that calibration has rounded, by the checkpoint's names.</summary>
    internal static void Write(string modelFolder, IReadOnlyDictionary<string, Mask>? masks,
        IReadOnlyDictionary<string, RoundedTensor>? rounded, WeightType type, string path, IProgress<Progress>? progress,
        CancellationToken stop)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        DecoderConfig config = CheckpointConfig.Read(modelFolder);
        CheckpointFiles.RequireNone(modelFolder, path);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(modelFolder);
        SafetensorsWriter.WriteChecked(path, Tensors(file, config, masks, rounded, type, progress, stop), Metadata(type), CacheLine);
    }

    /// <summary>The same file in memory, under the name of the folder; the caller disposes it.</summary>
    internal static SafetensorsFile Collect(
        string modelFolder, IReadOnlyDictionary<string, Mask>? masks, WeightType type, IProgress<Progress>? progress,
        CancellationToken stop)
    {
        DecoderConfig config = CheckpointConfig.Read(modelFolder);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(modelFolder);
        List<TensorToWrite> tensors = Tensors(file, config, masks, null, type, progress, stop);
        AvailableMemory.Require(tensors.Sum(tensor => tensor.ByteLength), $"{modelFolder}, packed,", "name a smaller `type`");
        return SafetensorsWriter.Collect(modelFolder, tensors, Metadata(type), CacheLine);
    }

    private static List<TensorToWrite> Tensors(
        SafetensorsCheckpoint file, DecoderConfig config, IReadOnlyDictionary<string, Mask>? masks,
        IReadOnlyDictionary<string, RoundedTensor>? rounded, WeightType type, IProgress<Progress>? progress, CancellationToken stop)
    {
        string modelFolder = file.Folder;
        MatrixRows rows = new(file, masks, rounded, config, type);
        List<TensorToWrite> tensors = [];
        foreach ((string name, int[] shape) in ParameterShapes.Values(config))
            tensors.Add(Values(file, CheckpointContents.RequireParameter(file.Folder, file, name, [.. shape])));
        IReadOnlyList<MatrixPlan> matrices = MatrixPlan.All(config);
        PackedMatrix[] shapes = [.. matrices.Select(matrix => matrix.Packed(type, matrix.MayBeSparse && rows.IsSparse(matrix)))];
        ByteCount done = new("packing", shapes.Sum(shape => shape.Bytes), progress);
        foreach ((MatrixPlan matrix, PackedMatrix shape) in matrices.Zip(shapes))
            tensors.Add(MatrixWriter.ToWrite(matrix.Name, shape, (row, values, kept) => rows.Read(matrix, row, values, kept), done, stop));
        foreach (string name in RuntimeFormat.FileNames.Where(name => File.Exists(Path.Combine(modelFolder, name))))
            tensors.Add(KeptFile(name, JsonSource.ReadFile(Path.Combine(modelFolder, name))));
        return tensors;
    }

    /// <summary>What the header says of a file.</summary>
    internal static IReadOnlyDictionary<string, string> Metadata(WeightType type) => new OrderedDictionary<string, string>
    {
        [RuntimeFormat.FormatKey] = RuntimeFormat.FormatName,
        [RuntimeFormat.VersionKey] = RuntimeFormat.Version,
        [RuntimeFormat.TypeKey] = WeightTypes.NameOf(type),
    };

    /// <summary>A file of the checkpoint, kept as a tensor of bytes.</summary>
    internal static TensorToWrite KeptFile(string name, byte[] bytes) =>
        new(RuntimeFormat.FilePrefix + name, TensorType.UInt8, [bytes.Length], bytes.Length, stream => stream.Write(bytes));

    private static TensorToWrite Values(SafetensorsCheckpoint file, TensorEntry entry)
    {
        long count = entry.Shape.Aggregate(1L, (product, size) => product * size);
        return new(entry.Name, TensorType.Float32, entry.Shape, count * sizeof(float), stream =>
        {
            float[] values = new float[count];
            CheckpointRows.ReadFinite(file, entry, 0, values);
            stream.Write(MemoryMarshal.AsBytes<float>(values));
        });
    }
}
