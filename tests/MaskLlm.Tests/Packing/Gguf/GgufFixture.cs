using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Packing.Gguf;

/// <summary>Copies of the small models.</summary>
internal static class GgufFixture
{
    /// <summary>The tensors of a model, but for some.</summary>
    internal static void CopyWeights(string folder, string file, IReadOnlyCollection<string> without)
    {
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(folder);
        SafetensorsWriter.Write(file, [.. source.Tensors.Values.Where(entry => !without.Contains(entry.Name)).Select(Whole)]);

        TensorToWrite Whole(TensorEntry entry)
        {
            byte[] bytes = source.Bytes(entry.Name).ToArray();
            return new TensorToWrite(entry.Name, entry.Type, entry.Shape, bytes.Length, stream => stream.Write(bytes));
        }
    }
}
