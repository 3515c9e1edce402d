using MaskLlm.Machine;
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

    /// <summary>Stops before work that would not fit.</summary>
    /// <param name="model">The model.</param>
    /// <param name="method">One of <see cref="PruneRun.Methods"/>.</param>
    /// <param name="sequences">The calibration.</param>
    /// <param name="hiddenBytes">Of the hidden states that stay in memory.</param>
    /// <param name="option">The property that named the method, in backticks.</param>
    /// <param name="advice">What the user may lower.</param>
    /// <exception cref="InsufficientMemoryException">It would not.</exception>
    internal static void RequireMemory(Decoder model, string method, IReadOnlyList<int[]> sequences, long hiddenBytes, string option,
        string advice) =>
        AvailableMemory.Require(MemoryBytes(model, method, hiddenBytes),
            $"{option} {method} with {sequences.Count} sequences of {sequences[0].Length}", advice);

    /// <summary>Second moments of a block's inputs and, of its widest layer, the work of the factorisation; hidden states before and behind
    /// the block.</summary>
    internal static long MemoryBytes(Decoder model, string method, long hiddenBytes)
    {
        const long FactorMatrices = 6;
        long[] widths = [.. model.Blocks[0].LinearsByInput.Select(sharing => (long)sharing[0].Columns)];
        long statistics = method != PruneRun.SparseGptMethod ? 0
            : sizeof(float) * (widths.Sum(width => width * width) + FactorMatrices * widths.Max() * widths.Max());
        return statistics + 2 * hiddenBytes;
    }

    /// <summary>Prunes all blocks from one on; the model has its dense weights again afterwards.</summary>
    /// <param name="first">The first block to prune.</param>
    /// <param name="hidden">Calibration: what goes into that block, behind blocks that are pruned.</param>
    /// <param name="pruned">Told of every block: its number and its layers.</param>
    /// <param name="cancellation">Stops between batches; the block that was begun is lost.</param>
    /// <param name="finished">Told how many blocks are done and never needed again.</param>
    internal void Run(int first, HiddenStates hidden, Action<int, IReadOnlyList<PrunedLayer>> pruned, CancellationToken cancellation,
        Action<int>? finished = null)
    {
        using IDisposable noGradient = no_grad();
        for (int block = first; block < _model.Blocks.Count; block++)
        {
            List<WeightLoan> loans = [];
            try
            {
                pruned(block, PruneBlock(block, hidden, loans, cancellation));
                int now = block;
                if (block + 1 < _model.Blocks.Count) hidden.Advance(block + 1, batch => RunBlock(now, hidden, batch), cancellation);
                finished?.Invoke(block + 1);
            }
            finally
            {
                loans.ForEach(loan => loan.Dispose());
            }
        }
    }

    private List<PrunedLayer> PruneBlock(int block, HiddenStates hidden, List<WeightLoan> loans, CancellationToken cancellation)
    {
        List<PrunedLayer> found = [];
        List<(LinearLayer[] Layers, LayerInputs Inputs)> groups = [];
        try
        {
            foreach (IReadOnlyList<LinearLayer> sharing in _model.Blocks[block].LinearsByInput)
            {
                LinearLayer[] layers = [.. sharing.Where(layer => _selected.Contains(layer.Name))];
                if (layers.Length == 0) continue;
                LayerInputs inputs = new(layers[0].Columns, _method == PruneRun.SparseGptMethod, _model.Device);
                groups.Add((layers, inputs));
                layers[0].Observe = inputs.Add;
            }
            for (int batch = 0; groups.Count > 0 && batch < hidden.Count; batch++)
            {
                cancellation.ThrowIfCancellationRequested();
                RunBlock(block, hidden, batch).Dispose();
            }
            foreach ((LinearLayer[] layers, LayerInputs inputs) in groups)
                foreach (LinearLayer layer in layers)
                {
                    cancellation.ThrowIfCancellationRequested();
                    found.Add(Replace(layer, inputs, loans));
                }
            return found;
        }
        finally
        {
            foreach ((LinearLayer[] layers, LayerInputs inputs) in groups)
            {
                layers[0].Observe = null;
                inputs.Dispose();
            }
        }
    }

    private PrunedLayer Replace(LinearLayer layer, LayerInputs inputs, List<WeightLoan> loans)
    {
        using DisposeScope scope = NewDisposeScope();
        (Mask mask, Tensor weight) = Prune(layer, inputs);
        loans.Add(layer.Lend(weight.to(layer.Weight.dtype).DetachFromDisposeScope(), isOwned: true));
        return new PrunedLayer(layer, mask, layer.Weight);
    }

    private Tensor RunBlock(int block, HiddenStates hidden, int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        return _model.RunBlock(block, hidden.Read(batch, _model.Device)).MoveToOuterDisposeScope();
    }

    private (Mask Mask, Tensor Weight) Prune(LinearLayer layer, LayerInputs inputs)
    {
        Tensor weight = layer.Weight.to(ScalarType.Float32);
        if (_method == PruneRun.SparseGptMethod) return SparseGpt.Prune(layer.Name, weight, inputs.Hessian(), _pattern, _updateWeights);
        Tensor norms = inputs.SquaredNorms();
        Tensor scores = _method == PruneRun.WandaMethod ? ActivationScores.Wanda(weight, norms)
            : ActivationScores.Ria(layer.Name, weight, norms);
        Mask mask = LargestOfGroup.Keep(layer.Name, scores, _pattern);
        return (mask, weight * MaskTensors.ToTensor(mask, weight.device));
    }
}
