using MaskLlm.Distributed;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// Prunes the blocks of a model in order: the inputs of a block's layers are taken with its dense weights, behind blocks that are
/// pruned already; then its layers are pruned and the block runs again, as what the next one sees. Where weights are solved for, layers
/// of one input come after each other, each behind those of the block that are solved, and the dense model's inputs are taken too. Ranks
/// split the sequences of each batch and add what they saw; then each solves some of the layers and tells the others.
/// </summary>
internal sealed class BlockwisePruner
{
    // Of the calibration, the part that decides what is kept of what was solved for on the rest.
    private const int HeldOutPart = 16, FewestToSplit = 4;

    private readonly Decoder _model;
    private readonly PruneMethod _method;
    private readonly Ranks _ranks;
    private readonly string _phase;
    private readonly IProgress<Progress>? _progress;
    private readonly HashSet<string> _selected;
    private readonly Dictionary<int, int> _starved = [];

    /// <param name="model">Its layers hold pruned weights while this runs.</param>
    /// <param name="method">How.</param>
    /// <param name="layers">The layers to prune.</param>
    /// <param name="phase">As progress names it.</param>
    /// <param name="progress">Told of every block; where weights are solved for, of every input of layers and every pass of training
    /// too.</param>
    /// <param name="ranks">Those that have the states between them; null for none.</param>
    internal BlockwisePruner(Decoder model, PruneMethod method, IReadOnlyList<LinearLayer> layers, string phase = "pruning",
        IProgress<Progress>? progress = null, Ranks? ranks = null)
    {
        _ranks = ranks ?? Ranks.Alone;
        (_model, _method, _phase, _progress) = (model, method, phase, progress);
        _selected = layers.Select(layer => layer.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Experts of a block that too few tokens reached and that were run on all of them.</summary>
    internal int StarvedOf(int block) => _starved.GetValueOrDefault(block);

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
        long[][] widths = [.. model.Blocks.Select(block => block.Groups.SelectMany(group =>
            Enumerable.Repeat((long)group.Layers[0].Columns, group.Experts.Count)).ToArray())];
        long squares = widths.Max(block => block.Sum(width => width * width)), widest = widths.Max(block => block.Max());
        widest *= widest;
        // Of what is solved for one group at a time, but of experts all at once.
        static long Crossed(DecoderBlock block, bool isDown) => block.Groups
            .Where(group => !group.IsOfEveryToken && group.IsDown == isDown)
            .Sum(group => (long)group.Layers[0].Columns * group.Layers[0].Columns * group.Experts.Count);
        long crossed = Math.Max(widest, model.Blocks.Max(block => Math.Max(Crossed(block, isDown: false), Crossed(block, isDown: true))));
        long weights = model.Blocks.Max(block => block.Linears.Sum(layer => (long)layer.Rows * layer.Columns));
        long statistics = method.Detail switch
        {
            InputDetail.Squares => 0,
            InputDetail.Products => sizeof(float) * (squares + FactorMatrices * widest),
            _ => sizeof(float) * (CrossMatrices * crossed + FactorMatrices * widest + (method.TrainsBlocks ? TrainedCopies * weights : 0)),
        };
        return statistics + (method.Solves ? 4 : 2) * hiddenBytes;
    }

    /// <summary>Prunes all blocks from one on; the model has its dense weights again afterwards.</summary>
    /// <param name="first">The first block to prune.</param>
    /// <param name="hidden">Calibration: what goes into that block, behind blocks that are pruned.</param>
    /// <param name="dense">The same behind dense blocks, where weights are solved for.</param>
    /// <param name="pruned">Told of every block: its number and its layers, in the order of the forward pass.</param>
    /// <param name="cancellation">Stops between batches; the block that was begun is lost.</param>
    internal void Run(int first, HiddenStates hidden, HiddenStates? dense, Action<int, IReadOnlyList<PrunedLayer>> pruned,
        CancellationToken cancellation)
    {
        using IDisposable noGradient = no_grad();
        Report(first);
        for (int block = first; block < _model.Blocks.Count; block++)
        {
            using IDisposable? held = _model.Hold(block);
            List<WeightLoan> loans = [];
            try
            {
                List<PrunedLayer> layers = PruneBlock(block, hidden, dense, loans, cancellation);
                if (_method.TrainsBlocks) Train(block, layers, hidden, dense!, cancellation);
                Settle(layers, loans);
                pruned(block, InOrder(block, layers));
                int now = block;
                if (block + 1 < _model.Blocks.Count) hidden.Advance(block + 1, batch => RunBlock(now, hidden, batch), cancellation);
                Report(block + 1);
            }
            finally
            {
                End(loans);
            }
        }
    }

    // Experts are solved for at once, gate and up before down.
    private PrunedLayer[] InOrder(int block, List<PrunedLayer> layers)
    {
        Dictionary<LinearLayer, PrunedLayer> found = layers.ToDictionary(layer => layer.Layer);
        return [.. _model.Blocks[block].Linears.Where(found.ContainsKey).Select(layer => found[layer] with { Weight = layer.Weight })];
    }

    // Of one layer the later loan ends first.
    private static void End(List<WeightLoan> loans)
    {
        foreach (WeightLoan loan in Enumerable.Reverse(loans)) loan.Dispose();
    }

    private static int HeldOut(HiddenStates hidden) => hidden.Count < FewestToSplit ? 0 : Math.Max(1, hidden.Count / HeldOutPart);

    private void Train(int block, List<PrunedLayer> layers, HiddenStates hidden, HiddenStates dense,
        CancellationToken cancellation)
    {
        if (layers.Count == 0) return;
        using BlockTraining training = new(_model, block, layers, hidden, dense, HeldOut(hidden), _ranks);
        training.Run(pass => Report(block, Stages + pass), cancellation);
    }

    // What a block is solved in: layers of one input after each other, and all experts at once, gate and up before down.
    private int Stages => _model.Blocks.Max(StagesOf);

    private static int StagesOf(DecoderBlock block) =>
        block.Groups.Count(group => group.IsOfEveryToken) + (block.Experts is null ? 0 : 2);

    private void Report(int block, int parts = 0)
    {
        int blocks = _model.Blocks.Count, all = !_method.Solves ? 1
            : Stages + (_method.TrainsBlocks ? BlockTraining.Passes : 0);
        _progress?.Report(new Progress(_phase, (long)block * all + parts, (long)blocks * all, $"block {block}/{blocks}"));
    }

    // Weights are solved for in float32 and then lie in the layers as the model has them.
    private static void Settle(List<PrunedLayer> layers, List<WeightLoan> loans)
    {
        foreach (PrunedLayer layer in layers)
        {
            ScalarType own = layer.Dense.dtype;
            if (layer.Layer.Weight.dtype != own)
                loans.Add(layer.Layer.Lend(layer.Layer.Weight.to(own).DetachFromDisposeScope(), isOwned: true));
        }
    }

    private List<PrunedLayer> PruneBlock(int block, HiddenStates hidden, HiddenStates? dense, List<WeightLoan> loans,
        CancellationToken cancellation)
    {
        if (dense is not null) return SolveBlock(block, hidden, dense, loans, cancellation);
        List<PrunedLayer> found = [];
        List<GroupInputs> groups = Groups(block, _ => true, holdsOut: false);
        try
        {
            groups.ForEach(group => group.Watch());
            for (int batch = 0; groups.Count > 0 && batch < hidden.Count; batch++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!hidden.IsEmpty(batch)) RunBlock(block, hidden, batch).Dispose();
            }
            groups.ForEach(group => group.Sum(_ranks));
            RunStarved(block, hidden, groups, cancellation);
            foreach (GroupInputs group in groups)
                foreach (LinearLayer layer in group.Layers) found.Add(Replace(layer, found.Count, group, loans, cancellation));
            return found;
        }
        finally
        {
            foreach (GroupInputs group in groups)
            {
                group.Leave();
                group.Dispose();
            }
        }
    }

    // Experts that few tokens reached see all that the block's router sees.
    private void RunStarved(int block, HiddenStates hidden, List<GroupInputs> groups, CancellationToken cancellation)
    {
        HashSet<int> starved = [.. groups.SelectMany(group => group.Below(_method.MinExpertTokens))];
        _starved[block] = starved.Count;
        if (starved.Count == 0) return;
        groups.ForEach(group => group.Forget(starved));
        // On the way to the experts all layers before them run again. One process sees them twice, which changes nothing; the sums of ranks
        // are made already.
        if (_ranks.Size > 1)
            foreach (GroupInputs group in groups.Where(group => group.IsOfEveryToken)) group.Leave();
        Dictionary<int, Tensor?> all = starved.ToDictionary(expert => expert, _ => (Tensor?)null);
        for (int batch = 0; batch < hidden.Count; batch++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (hidden.IsEmpty(batch)) continue;
            using DisposeScope scope = NewDisposeScope();
            _model.RunExperts(block, hidden.Read(batch, _model.Device), all);
        }
        groups.ForEach(group => group.Sum(_ranks, starved));
    }

    private List<PrunedLayer> SolveBlock(int block, HiddenStates hidden, HiddenStates dense, List<WeightLoan> loans,
        CancellationToken cancellation)
    {
        List<PrunedLayer> found = [];
        DecoderBlock own = _model.Blocks[block];
        int last = own.Groups.Count(group => group.IsOfEveryToken) - 1;
        // Behind the last block only training looks at what is dense.
        bool advances = _method.TrainsBlocks || block + 1 < _model.Blocks.Count;
        for (int group = 0; group <= last; group++)
        {
            Solve(block, group, advances && group == last && own.Experts is null, hidden, dense, found, loans, cancellation);
            Report(block, group + 1);
        }
        if (own.Experts is null) return found;
        using (ExpertTokens tokens = ExpertTokens.Of(_model, block, hidden, _method.MinExpertTokens, _ranks, cancellation))
        {
            HashSet<int> starved = [];
            foreach (bool isDown in new[] { false, true })
            {
                SolveExperts(block, isDown, tokens, starved, hidden, dense, found, loans, cancellation);
                Report(block, last + (isDown ? 3 : 2));
            }
            _starved[block] = starved.Count;
        }
        if (advances) dense.Advance(block + 1, batch => RunDense(found, () => RunBlock(block, dense, batch)), cancellation);
        return found;
    }

    // All experts at once: the pruned model's router says which tokens are an expert's, and what the dense expert makes of the dense
    // model's at the same tokens is what it is solved towards.
    private void SolveExperts(int block, bool isDown, ExpertTokens tokens, HashSet<int> starved, HiddenStates hidden,
        HiddenStates dense, List<PrunedLayer> found, List<WeightLoan> loans, CancellationToken cancellation)
    {
        int fitted = hidden.Count - HeldOut(hidden);
        List<GroupInputs> groups = Groups(block, group => !group.IsOfEveryToken && group.IsDown == isDown, fitted < hidden.Count);
        int[] experts = [.. groups.SelectMany(group => group.Experts).Distinct()];
        starved.UnionWith(experts.Where(tokens.Starved.Contains));
        try
        {
            for (int batch = 0; experts.Length > 0 && batch < hidden.Count; batch++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (hidden.IsEmpty(batch)) continue;
                using DisposeScope scope = NewDisposeScope();
                IReadOnlyDictionary<int, Tensor?> some = tokens.Of(batch, experts);
                int now = batch;
                Dictionary<(GroupInputs, int), Tensor> x = RunDense(found, () => Inputs(block, groups, dense, now, some)),
                    y = Inputs(block, groups, hidden, batch, some);
                foreach (((GroupInputs group, int part), Tensor input) in y)
                {
                    using Tensor own = input, other = x[(group, part)];
                    group.Add(part, other, own, batch >= fitted);
                }
            }
            groups.ForEach(group => group.Sum(_ranks));
            foreach (GroupInputs group in groups)
                foreach (LinearLayer layer in group.Layers) found.Add(Replace(layer, found.Count, group, loans, cancellation));
        }
        finally
        {
            groups.ForEach(group => group.Dispose());
        }
    }

    // What goes into experts' layers, owned.
    private Dictionary<(GroupInputs Group, int Part), Tensor> Inputs(int block, List<GroupInputs> groups, HiddenStates states, int batch,
        IReadOnlyDictionary<int, Tensor?> tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<(GroupInputs, int), Tensor> inputs = [];
        try
        {
            foreach (GroupInputs group in groups)
                group.Layers[0].Observe = (x, part) => inputs.Add((group, part), x.alias().DetachFromDisposeScope());
            _model.RunExperts(block, states.Read(batch, _model.Device), tokens);
            return inputs;
        }
        finally
        {
            groups.ForEach(group => group.Leave());
        }
    }

    private List<GroupInputs> Groups(int block, Func<InputGroup, bool> isWanted, bool holdsOut)
    {
        List<GroupInputs> groups = [];
        foreach (InputGroup group in _model.Blocks[block].Groups.Where(isWanted))
            if (Selected(group.Layers) is { Length: > 0 } layers)
                groups.Add(new GroupInputs(group, layers, _method.Detail, _model.Device, holdsOut));
        return groups;
    }

    // Layers of one input behind those of the block that are solved already; what the dense block gives them is taken with its own
    // weights. The pass for the last ones also gives the dense states behind the block.
    private void Solve(int block, int group, bool advances, HiddenStates hidden, HiddenStates dense, List<PrunedLayer> found,
        List<WeightLoan> loans, CancellationToken cancellation)
    {
        LinearLayer[] layers = Selected(_model.Blocks[block].LinearsByInput[group]);
        if (layers.Length == 0)
        {
            if (advances) dense.Advance(block + 1, batch => RunDense(found, () => RunBlock(block, dense, batch)), cancellation);
            return;
        }
        int fitted = hidden.Count - HeldOut(hidden);
        using GroupInputs inputs = new(_model.Blocks[block].Groups[group], layers, _method.Detail, _model.Device, fitted < hidden.Count);
        if (advances) dense.Advance(block + 1, Advance, cancellation);
        else
            for (int batch = 0; batch < hidden.Count; batch++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (hidden.IsEmpty(batch)) continue;
                using DisposeScope scope = NewDisposeScope();
                int now = batch;
                Add(batch, RunDense(found, () => _model.LayerInput(block, group, dense.Read(now, _model.Device))));
            }
        inputs.Sum(_ranks);
        foreach (LinearLayer layer in layers) found.Add(Replace(layer, found.Count, inputs, loans, cancellation));

        Tensor Advance(int batch)
        {
            Tensor? x = null;
            layers[0].Observe = (input, _) => x = input.alias().DetachFromDisposeScope();
            try
            {
                Tensor next = RunDense(found, () => RunBlock(block, dense, batch));
                Add(batch, x!);
                return next;
            }
            finally
            {
                layers[0].Observe = null;
                x?.Dispose();
            }
        }

        void Add(int batch, Tensor x)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor y = _model.LayerInput(block, group, hidden.Read(batch, _model.Device));
            inputs.Add(0, x, y, batch >= fitted);
        }
    }

    private LinearLayer[] Selected(IEnumerable<LinearLayer> layers) => [.. layers.Where(layer => _selected.Contains(layer.Name))];

    private static T RunDense<T>(List<PrunedLayer> pruned, Func<T> run)
    {
        List<WeightLoan> loans = [.. pruned.Select(layer => layer.Layer.Lend(layer.Dense))];
        try
        {
            return run();
        }
        finally
        {
            End(loans);
        }
    }

    private PrunedLayer Replace(LinearLayer layer, int index, GroupInputs inputs, List<WeightLoan> loans,
        CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor dense = layer.Weight;
        int owner = index % _ranks.Size;
        (Mask? mask, Tensor weight) = owner == _ranks.Rank ? Prune(layer, inputs, cancellation)
            : (null, empty(dense.shape, _method.Solves ? ScalarType.Float32 : dense.dtype));
        mask = RankMasks.Of(_ranks, owner, mask, layer.Rows, layer.Columns);
        RankTensors.Broadcast(_ranks, weight, owner);
        loans.Add(layer.Lend(weight.DetachFromDisposeScope(), isOwned: true));
        return new PrunedLayer(layer, mask, layer.Weight, dense);
    }

    private (Mask Mask, Tensor Weight) Prune(LinearLayer layer, GroupInputs inputs, CancellationToken cancellation)
    {
        List<(Mask Mask, Tensor Weight)> parts = [];
        foreach ((int part, Tensor matrix) in layer.Matrices().Index())
        {
            cancellation.ThrowIfCancellationRequested();
            parts.Add(LayerPruner.Prune(_method, layer, part, matrix.to(ScalarType.Float32), inputs.Fitted(part), inputs.HeldOut(part),
                cancellation));
        }
        Tensor weight = parts.Count == 1 ? parts[0].Weight : cat([.. parts.Select(part => part.Weight)], 0);
        // What is solved for later in the block looks at weights as they were solved for; else they have their own type at once.
        if (!_method.Solves) weight = weight.to(layer.Weight.dtype);
        return (Mask.Join([.. parts.Select(part => part.Mask)]), _ranks.Size == 1 ? weight : weight.contiguous());
    }

    private Tensor RunBlock(int block, HiddenStates hidden, int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        return _model.RunBlock(block, hidden.Read(batch, _model.Device)).MoveToOuterDisposeScope();
    }
}
