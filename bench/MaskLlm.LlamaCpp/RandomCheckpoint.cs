using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Packing;

namespace MaskLlm.LlamaCpp;

/// <summary>A Hugging Face folder of random bfloat16 weights: llama.cpp has no other way to a model of a shape.</summary>
internal static class RandomCheckpoint
{
    internal static void Write(byte[] configJson, string folder)
    {
        DecoderConfig config = ModelFamily.Read(RuntimeFormat.ConfigName, configJson);
        Random random = new(0);
        List<TensorToWrite> tensors =
        [
            .. ParameterShapes.All(config).Where(parameter => parameter.Shape.Length == 1)
                .Select(vector => ToWrite(vector.Name, [vector.Shape[0]], () => 0x3F80)),
            .. ParameterShapes.All(config).Where(parameter => parameter.Shape.Length == 2)
                .Select(matrix => ToWrite(matrix.Name, [matrix.Shape[0], matrix.Shape[1]], () => Small(random))),
        ];
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, RuntimeFormat.ConfigName), configJson);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors);
    }

    // Any sign, exponents of 2^-9 to 2^-6, any fraction.
    private static ushort Small(Random random)
    {
        int bits = random.Next();
        return (ushort)((bits & 0x8000) | (118 + (bits >> 16 & 3)) << 7 | (bits & 0x7F));
    }

    private static TensorToWrite ToWrite(string name, long[] shape, Func<ushort> value)
    {
        long count = shape.Aggregate(1L, (product, size) => product * size);
        return new TensorToWrite(name, TensorType.BFloat16, shape, 2 * count, stream =>
        {
            ushort[] row = new ushort[shape[^1]];
            for (long done = 0; done < count; done += row.Length)
            {
                for (int i = 0; i < row.Length; i++) row[i] = value();
                stream.Write(MemoryMarshal.AsBytes<ushort>(row));
            }
        });
    }
}
