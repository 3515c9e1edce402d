using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Cli.Tests;

/// <summary>A copy of the tiny model with one thing wrong in it.</summary>
internal sealed class BrokenModel
{
    internal BrokenModel(string folder) => Folder = TinyModel.CopyTo(folder);

    internal string Folder { get; }

    internal string WeightsPath => PathOf("model.safetensors");

    internal string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Changes a key of config.json.</summary>
    internal BrokenModel WithConfig(string key, JsonNode value)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(PathOf("config.json")))!.AsObject();
        config[key] = value;
        File.WriteAllText(PathOf("config.json"), config.ToJsonString());
        return this;
    }

    /// <summary>Puts bfloat16 bits over the last value of a tensor.</summary>
    internal BrokenModel WithLastValue(string tensor, ushort bits)
    {
        long end;
        using (SafetensorsFile file = SafetensorsFile.Open(WeightsPath))
            end = file.Tensors[tensor].Offset + file.Tensors[tensor].ByteLength;
        byte[] bytes = File.ReadAllBytes(WeightsPath);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((int)end - 2), bits);
        File.WriteAllBytes(WeightsPath, bytes);
        return this;
    }

    /// <summary>Gives one tensor the type float32, its values kept but for the last one.</summary>
    internal BrokenModel WithWideLastValue(string tensor, float last)
    {
        List<TensorToWrite> entries = [];
        using (SafetensorsFile file = SafetensorsFile.Open(WeightsPath))
        {
            foreach (TensorEntry entry in file.InFileOrder)
            {
                byte[] bytes = file.Bytes(entry).ToArray();
                TensorType type = entry.Type;
                if (entry.Name == tensor)
                {
                    float[] wide = new float[bytes.Length / 2];
                    for (int i = 0; i < wide.Length; i++)
                        wide[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i)) << 16);
                    wide[^1] = last;
                    (bytes, type) = (MemoryMarshal.AsBytes(wide.AsSpan()).ToArray(), TensorType.Float32);
                }
                entries.Add(new TensorToWrite(entry.Name, type, entry.Shape, bytes.Length, stream => stream.Write(bytes)));
            }
        }
        SafetensorsWriter.Write(WeightsPath, entries, new Dictionary<string, string>());
        return this;
    }

    /// <summary>Gives one tensor another type; its values become zeros.</summary>
    internal BrokenModel WithType(string tensor, TensorType type)
    {
        List<TensorToWrite> entries = [];
        using (SafetensorsFile file = SafetensorsFile.Open(WeightsPath))
        {
            foreach (TensorEntry entry in file.InFileOrder)
            {
                byte[] bytes = entry.Name == tensor ? new byte[entry.ByteLength / entry.Type.ByteWidth() * type.ByteWidth()]
                    : file.Bytes(entry).ToArray();
                entries.Add(new TensorToWrite(entry.Name, entry.Name == tensor ? type : entry.Type, entry.Shape, bytes.Length, stream =>
                    stream.Write(bytes)));
            }
        }
        SafetensorsWriter.Write(WeightsPath, entries, new Dictionary<string, string>());
        return this;
    }

    /// <summary>Weights of a header alone: the rest of the file is a hole that takes no disk.</summary>
    internal BrokenModel WithHole(string tensor, long rows, long columns)
    {
        long bytes = rows * columns * 2;
        // Both blocks are there, with nothing in them.
        const string Empty = """{"dtype":"BF16","shape":[0],"data_offsets":[0,0]}""";
        const string Blocks = $"\"model.layers.0.none\":{Empty},\"model.layers.1.none\":{Empty}";
        string entry = $$"""{"dtype":"BF16","shape":[{{rows}},{{columns}}],"data_offsets":[0,{{bytes}}] }""";
        byte[] header = Encoding.UTF8.GetBytes($"{{{Blocks},\"{tensor}\":{entry}}}");
        using FileStream file = File.Create(WeightsPath);
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        file.SetLength(8 + header.Length + bytes);
        return this;
    }
}
