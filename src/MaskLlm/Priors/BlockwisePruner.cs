using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// Prunes the blocks of a model in order: the inputs of a block's layers are taken with its dense weights, behind blocks that are
/// pruned already; then its layers are pruned and the block runs again, as what the next one sees.
/// </summary>
internal sealed class BlockwisePruner
{
    // Sequences that run together.
    private const int Together = 4;
    private readonly Decoder _model;
    private readonly string _method;
    private readonly NmPattern _pattern;
    private readonly bool _updateWeights;
    private readonly HashSet<string> _selected;

    /// <param name="model">Its layers hold pruned weights while this runs.</param>
    /// <param name="method">One of <see cref="PruneRun.Methods"/>.</param>
    /// <param name="pattern">N:M.</param>
    /// <param name="updateWeights">For sparsegpt: whether the weights that stay make up for those that go.</param>
    /// <param name="layers">The layers to prune.</param>
    internal BlockwisePruner(Decoder model, string method, NmPattern pattern, bool updateWeights, IReadOnlyList<LinearLayer> layers)
    {
        (_model, _method, _pattern, _updateWeights) = (model, method, pattern, updateWeights);
        _selected = layers.Select(layer => layer.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Prunes all blocks; the model has its dense weights again afterwards.</summary>
    /// <param name="sequences">Calibration: token ids, all of one length.</param>
    /// <param name="pruned">Told of every layer: its mask, and its pruned weight, (O, I) float32, valid for the call.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    internal void Run(IReadOnlyList<int[]> sequences, Action<LinearLayer, Mask, Tensor> pruned, CancellationToken cancellation)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> hidden = [.. sequences.Chunk(Together).Select(Embed)];
        Dictionary<LinearLayer, Tensor> dense = [];
        try
        {
            for (int block = 0; block < _model.Blocks.Count; block++)
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope blockScope = NewDisposeScope();
                PruneBlock(block, hidden, dense, pruned);
                for (int i = 0; i < hidden.Count; i++)
                {
                    using Tensor before = hidden[i];
                    hidden[i] = _model.RunBlock(block, before).MoveToOtherDisposeScope(scope);
                }
                foreach (LinearLayer layer in _model.BlockLinears(block)) Restore(layer, dense);
            }
        }
        finally
        {
            foreach (LinearLayer layer in _model.Linears) Restore(layer, dense);
        }
    }

    private void PruneBlock(int block, List<Tensor> hidden, Dictionary<LinearLayer, Tensor> dense, Action<LinearLayer, Mask, Tensor> pruned)
    {
        List<LinearLayer> layers = [.. _model.BlockLinears(block).Where(layer => _selected.Contains(layer.Name))];
        Dictionary<LinearLayer, LayerInputs> inputs = layers.ToDictionary(layer => layer, layer => new LayerInputs(layer.Columns, _method == PruneRun.SparseGptMethod, _model.Device));
        try
        {
            foreach ((LinearLayer layer, LayerInputs seen) in inputs) layer.Observe = seen.Add;
            foreach (Tensor x in hidden) _model.RunBlock(block, x).Dispose();
            foreach (LinearLayer layer in layers)
            {
                layer.Observe = null;
                using DisposeScope scope = NewDisposeScope();
                (Mask mask, Tensor weight) = Prune(layer, inputs[layer]);
                pruned(layer, mask, weight);
                dense[layer] = layer.Weight;
                layer.Weight = weight.to(layer.Weight.dtype).DetachFromDisposeScope();
            }
        }
        finally
        {
            foreach ((LinearLayer layer, LayerInputs seen) in inputs)
            {
                layer.Observe = null;
                seen.Dispose();
            }
        }
    }

    private (Mask Mask, Tensor Weight) Prune(LinearLayer layer, LayerInputs inputs)
    {
        Tensor weight = layer.Weight.to(ScalarType.Float32);
        if (_method == PruneRun.SparseGptMethod)
        {
            (Mask found, Tensor left) = SparseGpt.Prune(weight, inputs.Hessian(), _pattern, _updateWeights);
            return (found, _updateWeights ? left : weight * MaskTensors.ToTensor(found, weight.device));
        }
        Tensor norms = inputs.SquaredNorms();
        Mask mask = LargestOfGroup.Keep(_method == PruneRun.WandaMethod ? ActivationScores.Wanda(weight, norms) : ActivationScores.Ria(weight, norms), _pattern);
        return (mask, weight * MaskTensors.ToTensor(mask, weight.device));
    }

    private Tensor Embed(int[][] sequences)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] ids = [.. sequences.SelectMany(sequence => sequence.Select(id => (long)id))];
        return _model.Embed(tensor(ids, [sequences.Length, sequences[0].Length], device: _model.Device)).MoveToOuterDisposeScope();
    }

    private static void Restore(LinearLayer layer, Dictionary<LinearLayer, Tensor> dense)
    {
        if (!dense.Remove(layer, out Tensor? weight)) return;
        layer.Weight.Dispose();
        layer.Weight = weight;
    }
}
