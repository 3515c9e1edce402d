using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Linear weights of a checkpoint that are read when they are needed.</summary>
internal sealed class StreamedWeights : IDisposable
{
    private readonly Device _device;

    private StreamedWeights(SafetensorsCheckpoint file, DecoderConfig config, Device device)
    {
        (File, Config, _device) = (file, config, device);
        Layers = [.. ParameterShapes.Linears(config).Select(tensor => Layer(tensor, bias: null))];
    }

    /// <summary>The parts of the model.</summary>
    internal DecoderConfig Config { get; }

    /// <summary>All tensors; it stays this object's.</summary>
    internal SafetensorsCheckpoint File { get; }

    /// <summary>Every linear layer of the blocks, without biases.</summary>
    internal IReadOnlyList<LinearLayer> Layers { get; }

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="device">Where weights go.</param>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="InvalidDataException">The configuration or the tensors are broken.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    internal static StreamedWeights Open(string folder, Device device)
    {
        DecoderConfig config = CheckpointConfig.Read(folder);
        SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        try
        {
            foreach (LinearTensor tensor in ParameterShapes.Linears(config))
                CheckpointContents.RequireParameter(folder, file, tensor.Name, tensor.Layout.ShapeOf(tensor.Rows, tensor.Columns));
            return new StreamedWeights(file, config, device);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A layer that reads its weight here, in <see cref="Checkpoint.LinearType"/>.</summary>
    internal LinearLayer Layer(LinearTensor tensor, Tensor? bias) =>
        new(tensor, Checkpoint.LinearType(File.Tensors[tensor.Name]), () => Read(tensor), bias);

    private Tensor Read(LinearTensor tensor)
    {
        using IDisposable noGradient = no_grad();
        return Checkpoint.ReadParameter(File, tensor.Name, [tensor.Rows, tensor.Columns], tensor, Checkpoint.LinearType, _device)
            .DetachFromDisposeScope();
    }

    public void Dispose() => File.Dispose();
}
