using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// Prunes the blocks of a model in order: the inputs of a block's layers are taken with its dense weights, behind blocks that are
/// pruned already, and where weights are solved for behind dense blocks too; then its layers are pruned and the block runs again, as what
/// the next one sees.
/// </summary>
internal sealed class BlockwisePruner
{
    // Of the calibration, the part that decides what is kept of what was solved for on the rest.
    private const int HeldOutPart = 16, FewestToSplit = 4;

    private readonly Decoder _model;
    private readonly PruneMethod _method;
    private readonly HashSet<string> _selected;

    /// <param name="model">Its layers hold pruned weights while this runs.</param>
    /// <param name="method">How.</param>
    /// <param name="layers">The layers to prune.</param>
    internal BlockwisePruner(Decoder model, PruneMethod method, IReadOnlyList<LinearLayer> layers)
    {
        (_model, _method) = (model, method);
        _selected = layers.Select(layer => layer.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Stops before work that would not fit.</summary>
    /// <param name="model">The model.</param>
    /// <param name="method">How.</param>
    /// <param name="sequences">The calibration.</param>
    /// <param name="hiddenBytes">Of the hidden states that stay in memory.</param>
    /// <param name="option">The property that named the method, in backticks.</param>
    /// <param name="advice">What the user may lower.</param>
    /// <exception cref="InsufficientMemoryException">It would not.</exception>
    internal static void RequireMemory(Decoder model, PruneMethod method, IReadOnlyList<int[]> sequences, long hiddenBytes, string option,
        string advice) =>
        AvailableMemory.Require(MemoryBytes(model, method, hiddenBytes),
            $"{option} {method.Name} with {sequences.Count} sequences of {sequences[0].Length}", advice);

    /// <summary>Second moments of a block's inputs, of its widest layer the work of the factorisation, and of a block that is trained its
    /// weights, gradients, moments and masks; hidden states before and behind the block.</summary>
    internal static long MemoryBytes(Decoder model, PruneMethod method, long hiddenBytes)
    {
        const long FactorMatrices = 6, CrossMatrices = 4, TrainedCopies = 6;
        long[] widths = [.. model.Blocks[0].LinearsByInput.Select(sharing => (long)sharing[0].Columns)];
        long squares = widths.Sum(width => width * width), widest = widths.Max() * widths.Max();
        long weights = model.Blocks[0].Linears.Sum(layer => (long)layer.Rows * layer.Columns);
        long statistics = method.Detail switch
        {
            InputDetail.Squares => 0,
            InputDetail.Products => sizeof(float) * (squares + FactorMatrices * widest),
            _ => sizeof(float) * (CrossMatrices * squares + FactorMatrices * widest + (method.TrainsBlocks ? TrainedCopies * weights : 0)),
        };
        return statistics + (method.Solves ? 4 : 2) * hiddenBytes;
    }

    /// <summary>Prunes all blocks from one on; the model has its dense weights again afterwards.</summary>
    /// <param name="first">The first block to prune.</param>
    /// <param name="hidden">Calibration: what goes into that block, behind blocks that are pruned.</param>
    /// <param name="dense">The same behind dense blocks, where weights are solved for.</param>
    /// <param name="pruned">Told of every block: its number and its layers.</param>
    /// <param name="cancellation">Stops between batches; the block that was begun is lost.</param>
    /// <param name="finished">Told how many blocks are done and never needed again.</param>
    internal void Run(int first, HiddenStates hidden, HiddenStates? dense, Action<int, IReadOnlyList<PrunedLayer>> pruned,
        CancellationToken cancellation, Action<int>? finished = null)
    {
        using IDisposable noGradient = no_grad();
        for (int block = first; block < _model.Blocks.Count; block++)
        {
            List<WeightLoan> loans = [];
            try
            {
                List<PrunedLayer> layers = PruneBlock(block, hidden, dense, loans, cancellation);
                if (_method.TrainsBlocks) Train(block, layers, hidden, dense!, cancellation);
                Settle(layers, loans);
                pruned(block, [.. layers.Select(layer => layer with { Weight = layer.Layer.Weight })]);
                int now = block;
                if (block + 1 < _model.Blocks.Count) hidden.Advance(block + 1, batch => RunBlock(now, hidden, batch), cancellation);
                finished?.Invoke(block + 1);
            }
            finally
            {
                // Of one layer the later loan ends first.
                foreach (WeightLoan loan in Enumerable.Reverse(loans)) loan.Dispose();
            }
        }
    }

    private static int HeldOut(HiddenStates hidden) => hidden.Count < FewestToSplit ? 0 : Math.Max(1, hidden.Count / HeldOutPart);

    private void Train(int block, List<PrunedLayer> layers, HiddenStates hidden, HiddenStates dense,
        CancellationToken cancellation)
    {
        if (layers.Count == 0) return;
        using BlockTraining training = new(_model, block, layers, hidden, dense, HeldOut(hidden));
        training.Run(cancellation);
    }

    // Weights are solved for in float32 and then lie in the layers as the model has them.
    private static void Settle(List<PrunedLayer> layers, List<WeightLoan> loans)
    {
        foreach (PrunedLayer layer in layers)
        {
            ScalarType own = layer.OwnType;
            if (layer.Layer.Weight.dtype != own)
                loans.Add(layer.Layer.Lend(layer.Layer.Weight.to(own).DetachFromDisposeScope(), isOwned: true));
        }
    }

    private List<PrunedLayer> PruneBlock(int block, HiddenStates hidden, HiddenStates? dense, List<WeightLoan> loans,
        CancellationToken cancellation)
    {
        List<ObservedLayers> groups = [];
        try
        {
            foreach (IReadOnlyList<LinearLayer> sharing in _model.Blocks[block].LinearsByInput)
            {
                LinearLayer[] layers = [.. sharing.Where(layer => _selected.Contains(layer.Name))];
                if (layers.Length > 0) groups.Add(new ObservedLayers(layers, _method.Detail, HeldOut(hidden) > 0, _model.Device));
            }
            if (dense is null)
            {
                for (int batch = 0; groups.Count > 0 && batch < hidden.Count; batch++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    RunBlock(block, hidden, batch).Dispose();
                }
            }
            else
            {
                dense.Advance(block + 1, batch => ObserveBoth(block, groups, hidden, dense, batch), cancellation);
            }
            List<PrunedLayer> found = [];
            foreach (ObservedLayers group in groups)
                foreach (LinearLayer layer in group.Layers)
                {
                    cancellation.ThrowIfCancellationRequested();
                    found.Add(Replace(layer, group, loans, cancellation));
                }
            return found;
        }
        finally
        {
            groups.ForEach(group => group.Dispose());
        }
    }

    // Dense weights on what the dense model sees, then on what the pruned one does; the first gives what the next dense block sees.
    private Tensor ObserveBoth(int block, List<ObservedLayers> groups, HiddenStates hidden, HiddenStates dense, int batch)
    {
        groups.ForEach(group => group.TakeDense());
        Tensor output = RunBlock(block, dense, batch);
        bool isHeldOut = batch >= hidden.Count - HeldOut(hidden);
        groups.ForEach(group => group.TakePruned(isHeldOut));
        if (groups.Count > 0) RunBlock(block, hidden, batch).Dispose();
        return output;
    }

    private PrunedLayer Replace(LinearLayer layer, ObservedLayers group, List<WeightLoan> loans, CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        ScalarType own = layer.Weight.dtype;
        Tensor dense = layer.Weight.to(ScalarType.Float32);
        (Mask mask, Tensor weight) = LayerPruner.Prune(_method, layer.Name, dense, group.Inputs, group.HeldOut, cancellation);
        loans.Add(layer.Lend(weight.DetachFromDisposeScope(), isOwned: true));
        return new PrunedLayer(layer, mask, layer.Weight, own);
    }

    private Tensor RunBlock(int block, HiddenStates hidden, int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        return _model.RunBlock(block, hidden.Read(batch, _model.Device)).MoveToOuterDisposeScope();
    }
}
