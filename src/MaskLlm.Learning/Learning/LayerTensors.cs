using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>One tensor of each layer, kept from one part of a step to the next; owned.</summary>
internal sealed class LayerTensors : IDisposable
{
    private readonly Dictionary<LearnedLayer, Tensor> _tensors = [];

    internal Tensor this[LearnedLayer layer] => _tensors[layer];

    internal bool Has(LearnedLayer layer) => _tensors.ContainsKey(layer);

    /// <summary>Takes the tensor out of its scope and keeps it, in place of an earlier one.</summary>
    internal Tensor Keep(LearnedLayer layer, Tensor tensor)
    {
        if (_tensors.Remove(layer, out Tensor? earlier)) earlier.Dispose();
        return _tensors[layer] = tensor.DetachFromDisposeScope();
    }

    /// <summary>Gives the tensor away: the caller disposes it.</summary>
    internal Tensor Take(LearnedLayer layer)
    {
        Tensor tensor = _tensors[layer];
        _tensors.Remove(layer);
        return tensor;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values) tensor.Dispose();
        _tensors.Clear();
    }
}
