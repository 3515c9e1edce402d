using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Weights that training starts from in place of the model's: solved for with the prior's mask, or another checkpoint's.</summary>
internal sealed class StartWeights : IDisposable
{
    private readonly Dictionary<string, Tensor> _weights = new(StringComparer.Ordinal);

    /// <summary>(O, I) by the checkpoint's name.</summary>
    internal IReadOnlyDictionary<string, Tensor> ByName => _weights;

    /// <summary>Takes a copy of a weight.</summary>
    internal void Add(string name, Tensor weight) =>
        _weights.Add(name, weight.to(ScalarType.Float32, copy: true).contiguous().DetachFromDisposeScope());

    /// <summary>Those of a checkpoint of the same model.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="model">The model's folder.</param>
    /// <param name="layers">The layers whose weights are trained.</param>
    /// <exception cref="InvalidDataException">A weight is missing, of another shape, or not finite.</exception>
    internal static StartWeights Read(string folder, string model, IReadOnlyList<LinearLayer> layers)
    {
        if (EmbeddingRows.Differ(model, folder))
            throw new InvalidDataException($"{folder}: its embedding is not that of {model}; it is another model, or has another order of "
                + $"channels.");
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        return Read(layers, name => file.Tensors.GetValueOrDefault(name), (name, offset, target) => file.Read(name, offset, target),
            (layer, found) => $"{folder}: {layer.Name} is {found}, where the model has "
                + $"({string.Join(", ", Shape(layer))}); name a checkpoint of the same model.");
    }

    /// <summary>Those of an interrupted run.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or of another run.</exception>
    internal static StartWeights Load(string path, IReadOnlyList<LinearLayer> layers)
    {
        using SafetensorsFile file = SafetensorsFile.OpenChecked(path, TensorState.Remedy(Path.GetDirectoryName(path)!));
        return Read(layers, name => file.Tensors.GetValueOrDefault(name), (name, offset, target) =>
            file.Read(file.Tensors[name], offset, target),
            (layer, found) => $"{path}: {layer.Name} is {found}; the checkpoint belongs to another run.");
    }

    /// <summary>Zeros in the place of those of another rank.</summary>
    internal void MakeRoom(IReadOnlyList<LinearLayer> layers)
    {
        foreach (LinearLayer layer in layers)
        {
            using Tensor zero = zeros(layer.Rows, layer.Columns);
            Add(layer.Name, zero);
        }
    }

    /// <summary>Writes them for <see cref="Load"/>.</summary>
    internal void Save(string path, IReadOnlyList<LinearLayer> layers)
    {
        using DisposeScope scope = NewDisposeScope();
        TensorState.SaveChecked(path, [.. layers.Select(layer =>
            (layer.Name, StoredTensors.Write(layer.Layout, _weights[layer.Name])))],
            new Dictionary<string, string>());
    }

    public void Dispose()
    {
        foreach (Tensor weight in _weights.Values) weight.Dispose();
        _weights.Clear();
    }

    private static StartWeights Read(IReadOnlyList<LinearLayer> layers, Func<string, TensorEntry?> find,
        Action<string, long, Span<byte>> read, Func<LinearLayer, string, string> fault)
    {
        StartWeights weights = new();
        try
        {
            foreach (LinearLayer layer in layers)
            {
                using DisposeScope scope = NewDisposeScope();
                TensorEntry? entry = find(layer.Name);
                if (entry is null || !entry.Shape.SequenceEqual(Shape(layer)))
                    throw new InvalidDataException(fault(layer, entry is null ? "missing" : $"({string.Join(", ", entry.Shape)})"));
                Tensor weight = TensorBytes.Read(entry, (offset, target) => read(layer.Name, offset, target));
                if (!FiniteTensors.All(weight)) throw new InvalidDataException(fault(layer, "NaN or infinite"));
                weights.Add(layer.Name, StoredTensors.Read(layer.Layout, weight).to(layer.Weight.device));
            }
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static long[] Shape(LinearLayer layer) => layer.Layout.ShapeOf(layer.Rows, layer.Columns);
}
