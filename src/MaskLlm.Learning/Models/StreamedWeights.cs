using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Linear weights, embedding and head of a checkpoint, read when they are needed.</summary>
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
            foreach (LinearTensor tensor in ParameterShapes.Linears(config).Concat(Vocabulary(config)))
                CheckpointContents.RequireParameter(folder, file, tensor.Name, tensor.Layout.ShapeOf(tensor.Rows, tensor.Columns));
            TorchRuntime.GiveBackLargeTensors();
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
        new(tensor, Checkpoint.LinearType(File.Tensors[tensor.Name]), () => Read(tensor, Checkpoint.LinearType), bias);

    /// <summary>Embedding or head, (V, D), which is read here likewise.</summary>
    /// <param name="name">The checkpoint's.</param>
    /// <param name="type">Of the weight in memory.</param>
    internal LinearLayer Vocabulary(string name, ScalarType type)
    {
        LinearTensor tensor = Vocabulary(Config).Single(tensor => tensor.Name == name);
        return new LinearLayer(tensor, type, () => Read(tensor, _ => type), bias: null);
    }

    private static IEnumerable<LinearTensor> Vocabulary(DecoderConfig config) =>
        (config.TieWordEmbeddings ? new[] { config.EmbeddingName } : [config.EmbeddingName, config.HeadName])
            .Select(name => new LinearTensor(name, config.VocabularySize, config.HiddenSize, IsTransposed: false, null));

    private Tensor Read(LinearTensor tensor, Func<TensorEntry, ScalarType> typeOf)
    {
        using IDisposable noGradient = no_grad();
        return Checkpoint.ReadParameter(File, tensor.Name, [tensor.Rows, tensor.Columns], tensor, typeOf, _device)
            .DetachFromDisposeScope();
    }

    public void Dispose() => File.Dispose();
}
