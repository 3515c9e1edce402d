using System.Text;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Packing;
using MaskLlm.Products;

namespace MaskLlm.Fuzz;

/// <summary>Files of a model of one small block, made in a folder that goes at once.</summary>
internal static class SeedModel
{
    internal const string Config = """
        {"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_act":"silu","hidden_size":32,"intermediate_size":32,"num_hidden_layers":1,
        "num_attention_heads":2,"num_key_value_heads":1,"vocab_size":288,"max_position_embeddings":256,"rms_norm_eps":1e-5,"rope_theta":10000,
        "tie_word_embeddings":true,"bos_token_id":0,"eos_token_id":[0,1],"torch_dtype":"bfloat16"}
        """;

    /// <summary>A runtime file with a tokenizer and a template.</summary>
    internal static byte[] Runtime(WeightType type, bool isSparse) => Made(path =>
    {
        using ScratchFolder folder = new();
        folder.Hold(
        [
            // Zeros are 2:4 as they are.
            ("model.safetensors", Weights(isSparse ? (byte)0 : (byte)0x3D)),
            ("config.json", Encoding.UTF8.GetBytes(Config)),
            ("generation_config.json", """{"eos_token_id":[0,1]}"""u8.ToArray()),
            ("tokenizer_config.json", """{"eos_token":"<|endoftext|>","chat_template":"{% for m in messages %}{{ m.content }}{% endfor %}"}"""u8.ToArray()),
            ("tokenizer.json", SeedTokenizers.ByteLevel.Value),
        ]);
        RuntimeExport.Write(folder.Path, null, type, path);
    });

    /// <summary>The weights of the configuration, all bytes of matrices alike.</summary>
    internal static byte[] Weights(byte fill) => Made(path =>
    {
        DecoderConfig config = ModelFamily.Read("config.json", Encoding.UTF8.GetBytes(Config));
        SafetensorsWriter.Write(path, [.. ParameterShapes.All(config).Select(parameter =>
            Entry(parameter.Name, TensorType.BFloat16, [.. parameter.Shape.Select(size => (long)size)], parameter.Shape.Length == 1
                ? (byte)0x3F : fill))]);
    });

    /// <summary>A safetensors file of a few small tensors.</summary>
    internal static byte[] Safetensors(IReadOnlyDictionary<string, string>? metadata,
        params (string Name, TensorType Type, long[] Shape)[] tensors) => Made(path => SafetensorsWriter.Write(
        path,
        [.. tensors.Select(tensor => Entry(tensor.Name, tensor.Type, tensor.Shape, 0))],
        metadata));

    /// <summary>The same with a checksum, as this program's own files have it.</summary>
    internal static byte[] Checked(IReadOnlyDictionary<string, string>? metadata,
        params (string Name, TensorType Type, long[] Shape)[] tensors) => Made(path => SafetensorsWriter.WriteChecked(
        path,
        [.. tensors.Select(tensor => Entry(tensor.Name, tensor.Type, tensor.Shape, 0))],
        metadata));

    /// <summary>The bytes of what is written to a path.</summary>
    internal static byte[] Made(Action<string> write)
    {
        using ScratchFolder folder = new();
        string path = Path.Combine(folder.Path, "made");
        write(path);
        return File.ReadAllBytes(path);
    }

    private static TensorToWrite Entry(string name, TensorType type, long[] shape, byte fill)
    {
        long bytes = shape.Aggregate((long)type.ByteWidth(), (product, size) => product * size);
        return new TensorToWrite(name, type, shape, bytes, stream => stream.Write([.. Enumerable.Repeat(fill, (int)bytes)]));
    }
}
