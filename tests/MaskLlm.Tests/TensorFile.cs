using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Tests;

/// <summary>A safetensors file read as torch tensors; booleans as float32.</summary>
internal static class TensorFile
{
    internal static Dictionary<string, Tensor> Read(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Tensors.Values.ToDictionary(entry => entry.Name, entry => entry.Type switch
        {
            TensorType.Bool => tensor(file.Bytes(entry).ToArray().Select(bit => (float)bit).ToArray()).view(entry.Shape.ToArray()),
            _ => TensorBytes.Read(entry, (offset, target) => file.Read(entry, offset, target)),
        });
    }

    internal static double MaxDifference(Tensor a, Tensor b)
    {
        Assert.Equal(b.shape, a.shape);
        return (a.to(ScalarType.Float64) - b.to(ScalarType.Float64)).abs().max().item<double>();
    }
}
