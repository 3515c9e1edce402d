using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Packing;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>Runtime models of random weights: speed does not depend on values.</summary>
internal static class RandomModel
{
    private const float Largest = 0.05f;

    /// <summary>Makes one in memory. Sixteen rows are drawn for each matrix and repeated: as many bytes are read as for any
    /// others.</summary>
    /// <param name="configJson">The config.json of the shape.</param>
    /// <param name="type">How matrices are stored.</param>
    /// <param name="isSparse">Whether the linear layers of the blocks are 2:4.</param>
    /// <exception cref="ArgumentException">2:4 of a matrix whose columns are no multiple of 4.</exception>
    internal static RuntimeModel Make(byte[] configJson, WeightType type, bool isSparse) => RuntimeModel.Of(
        SafetensorsWriter.Collect("random weights", Tensors(configJson, type, isSparse), RuntimeExport.Metadata(type),
            RuntimeExport.CacheLine),
        isFolder: false);

    private static List<TensorToWrite> Tensors(byte[] configJson, WeightType type, bool isSparse)
    {
        DecoderConfig config = ModelFamily.Read(RuntimeFormat.ConfigName, configJson);
        HashSet<string> routers = [.. Enumerable.Range(0, config.BlockCount)
            .Select(block => BlockPlan.Of(config, block).Experts?.Router).OfType<string>()];
        List<TensorToWrite> tensors = [.. ParameterShapes.Values(config)
            .Select(parameter => Values(parameter.Name, parameter.Shape, isRandom: routers.Contains(parameter.Name)))];
        foreach (MatrixPlan matrix in MatrixPlan.All(config))
        {
            PackedMatrix shape = matrix.Packed(type, isSparse);
            tensors.Add(new TensorToWrite(matrix.Name, TensorType.UInt8, [shape.Blocks, shape.Panels, shape.PanelBytes], shape.Bytes,
                stream => WriteBlocks(stream, shape)));
        }
        tensors.Add(RuntimeExport.KeptFile(RuntimeFormat.ConfigName, configJson));
        return tensors;
    }

    // Ones, but of routers, which send tokens to different experts.
    private static TensorToWrite Values(string name, int[] shape, bool isRandom)
    {
        long count = shape.Aggregate(1L, (product, size) => product * size);
        return new TensorToWrite(name, TensorType.Float32, [.. shape], count * sizeof(float), stream =>
        {
            Random random = new(shape[0]);
            float[] values = new float[count];
            for (long i = 0; i < count; i++) values[i] = isRandom ? Largest * (2 * random.NextSingle() - 1) : 1;
            stream.Write(MemoryMarshal.AsBytes<float>(values));
        });
    }

    private static void WriteBlocks(Stream stream, PackedMatrix shape)
    {
        if (shape.IsSparse && shape.Columns % 4 != 0) throw new ArgumentException($"a matrix of {shape.Columns} columns cannot be 2:4.");
        Random random = new(shape.Columns);
        float[] values = new float[PackedLayout.BlockRows * shape.Columns];
        for (int i = 0; i < values.Length; i++) values[i] = Largest * (2 * random.NextSingle() - 1);
        byte[] kept = shape.IsSparse ? new byte[values.Length] : [];
        for (int group = 0; group < kept.Length / 4; group++)
        {
            int first = random.Next(4);
            kept[4 * group + first] = kept[4 * group + (first + 1 + random.Next(3)) % 4] = 1;
        }
        byte[] block = new byte[shape.BlockBytes];
        PanelPacking.Pack(values, kept, shape.Columns, shape.Type, [], block);
        for (int i = 0; i < shape.Blocks; i++) stream.Write(block);
    }
}
