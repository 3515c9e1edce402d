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
        for (int block = 0; block < _model.Blocks.Count; block++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope blockScope = NewDisposeScope();
            Dictionary<LinearLayer, Tensor> dense = [];
            try
            {
                PruneBlock(block, hidden, dense, pruned);
                if (block + 1 == _model.Blocks.Count) break;    // nothing looks at what the last block gives
                for (int i = 0; i < hidden.Count; i++)
                {
                    using Tensor before = hidden[i];
                    hidden[i] = _model.RunBlock(block, before).MoveToOtherDisposeScope(scope);
                }
            }
            finally
            {
                foreach ((LinearLayer layer, Tensor weight) in dense) Restore(layer, weight);
            }
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
        if (_method == PruneRun.SparseGptMethod) return SparseGpt.Prune(weight, inputs.Hessian(), _pattern, _updateWeights);
        Tensor norms = inputs.SquaredNorms();
        Mask mask = LargestOfGroup.Keep(_method == PruneRun.WandaMethod ? ActivationScores.Wanda(weight, norms) : ActivationScores.Ria(weight, norms), _pattern);
        return (mask, weight * MaskTensors.ToTensor(mask, weight.device));
    }

    private Tensor Embed(int[][] sequences)
    {
        using DisposeScope scope = NewDisposeScope();
        return _model.Embed(TokenBatch.Of(sequences.SelectMany(sequence => sequence).ToArray(), sequences.Length, _model.Device)).MoveToOuterDisposeScope();
    }

    private static void Restore(LinearLayer layer, Tensor weight)
    {
        layer.Weight.Dispose();
        layer.Weight = weight;
    }
}
