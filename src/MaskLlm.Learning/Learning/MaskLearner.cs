using System.Diagnostics;
using MaskLlm.Distributed;
using MaskLlm.MaskKernels;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Priors;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// Learns the masks of a model's linear layers: the weights are frozen, the logits are trained (MaskLLM, arXiv 2409.17481).
/// Each step writes W * mask into a leaf tensor of every layer, runs the model forward and backward, and takes the
/// gradient of that leaf back through the sample in closed form.
/// </summary>
public sealed class MaskLearner : IDisposable
{
    // torch's own: gradients of all sizes count.
    private const double WeightEpsilon = 1e-8;
    private const int MostWarmupSteps = 20;

    private readonly Decoder _model;
    private readonly LearnOptions _options;
    private readonly CandidateTensor? _table;
    private readonly IMaskStep _masks;
    private readonly Ranks _ranks;
    private readonly List<LearnedLayer> _layers = [];
    private readonly List<LearnedLayer>[] _layersOfBlock;

    /// <param name="model">The model; its linear layers are changed until this is disposed.</param>
    /// <param name="options">Validated here.</param>
    /// <param name="prior">The mask to start from, by the checkpoint's name; null for none.</param>
    /// <param name="inputSquares"><see cref="InputSquares.ByName"/> of the dense model; needed for scores in the first logits, and not
    /// kept.</param>
    /// <param name="start">(O, I) by name: what training of weights starts from, copied; null for the model's own.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or a layer's columns are not divisible by M.</exception>
    public MaskLearner(Decoder model, LearnOptions options, IReadOnlyDictionary<string, Mask>? prior,
        IReadOnlyDictionary<string, Tensor>? inputSquares = null, IReadOnlyDictionary<string, Tensor>? start = null)
        : this(model, options, prior, inputSquares, start, null, Ranks.Alone)
    {
    }

    /// <summary>The same of some of the layers that are to be learned, each with the noise that it has among all; or of this rank's
    /// groups of each.</summary>
    internal MaskLearner(Decoder model, LearnOptions options, IReadOnlyDictionary<string, Mask>? prior,
        IReadOnlyDictionary<string, Tensor>? inputSquares, IReadOnlyDictionary<string, Tensor>? start, IReadOnlyList<LinearLayer>? some,
        Ranks? ranks = null)
    {
        ranks ??= Ranks.Alone;
        _ranks = ranks;
        options.Validate();
        if (options.UsesScores && inputSquares is null)
            throw new ArgumentException("`ScoreStrength` needs the squares of the layers' inputs.");
        _model = model;
        _options = options;
        IReadOnlyList<LinearLayer> selected = SelectLayers(model, options);
        _table = options.Parametrization == Parametrization.Items ? null : new CandidateTensor(options.Pattern, model.Device);
        _masks = !options.LearnsMasks ? new WeightMaskStep(options) : _table is null ? new ItemMaskStep(options.Pattern)
            : ChooseKernel(options, model.Device) == KernelKind.Fused ? new FusedMaskStep(options.Pattern) : new PlainMaskStep(_table);
        using IDisposable noGradient = no_grad();
        HashSet<LinearLayer> ofExperts =
            [.. model.Blocks.SelectMany(block => block.Groups).Where(group => !group.IsOfEveryToken).SelectMany(group => group.Layers)];
        long onPrior = 0;
        for (int i = 0; i < selected.Count; i++)
        {
            if (some?.Contains(selected[i]) == false) continue;
            using DisposeScope scope = NewDisposeScope();
            Mask? from = prior?.GetValueOrDefault(selected[i].Name);
            if (from is not null) PriorMask.Require("MASK", selected[i].Name, from, options.Pattern);
            GroupShare share = new(ranks, (long)selected[i].Rows * selected[i].Columns / options.Pattern.GroupSize,
                options.Pattern.GroupSize, i);
            share.RequirePassable(selected[i].Name, Precision.BytesOf(model.Compute));
            MaskLogits logits = !options.LearnsMasks ? Frozen(selected[i], from, options, share)
                : MaskLogits.Create(selected[i], i, _table, options, from, inputSquares?[selected[i].Name], share);
            LearnedLayer layer = new(selected[i], i, model.Compute, logits, options.CheckpointActivations,
                RewardScale(selected[i].Weight, options), ofExperts.Contains(selected[i]), share)
            {
                Trained = options.TrainWeights == WeightTraining.None ? null
                    : new TrainedWeight(selected[i].Name, share.OfWeight(StartOf(selected[i], from, start)), options.Moments, options.Seed,
                        i, checked((int)(share.First * options.Pattern.GroupSize))),
            };
            _layers.Add(layer);
            if (from is not null) onPrior += MaskAgreement.Between(from, FirstMaskOf(layer), options.Pattern.GroupSize).EqualGroups;
        }
        if (options.Train == TrainedParameters.Norms) Vectors = new TrainedVectors(model, options, selected.Count);
        PriorGroupShare = (double)onPrior / GroupCount;
        _layersOfBlock = [.. Enumerable.Range(0, model.Config.BlockCount)
            .Select(block => _layers.Where(layer => model.BlockLinears(block).Any(linear => linear.Name == layer.Logits.Name)).ToList())];
    }

    /// <summary>What computes the masks, as records name it.</summary>
    public string KernelName => _masks.Name;

    /// <summary>Number of groups over all layers.</summary>
    public long GroupCount => _layers.Sum(layer => layer.Share.Groups);

    /// <summary>Number of weights under a mask.</summary>
    public long WeightCount => GroupCount * _options.Pattern.GroupSize;

    /// <summary>Bytes of logits and moments in this process for each weight under a mask.</summary>
    public double StateBytesPerWeight =>
        _layers.Sum(layer => layer.State.Sum(tensor => tensor.Value.NumberOfElements * tensor.Value.ElementSize)) / (double)WeightCount;

    /// <summary>Groups of experts that no token has reached in any step: their masks are those that they started from.</summary>
    public long UnreachedGroups => _layers.Sum(layer => layer.UnreachedGroups);

    /// <summary>Share of groups whose most probable candidate is the prior's, before the first step; 0 without a prior.</summary>
    public double PriorGroupShare { get; }

    internal IEnumerable<MaskLogits> Logits => _layers.Select(layer => layer.Logits);

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<StateTensor> State => _layers.SelectMany(layer => layer.State)
        .Concat(Vectors?.State.Select(part => new StateTensor(part.Name, part.Value, part.Value.shape, null)) ?? []);

    /// <summary>Trained norms and biases, of this learner; null where they are frozen.</summary>
    internal TrainedVectors? Vectors { get; }

    /// <summary>All processes that learn together.</summary>
    internal Ranks Ranks => _ranks;

    /// <summary>The trained weights by the checkpoint's name, (O, I) float32, of this learner; null where weights are frozen. Among ranks
    /// its part of them.</summary>
    internal IReadOnlyDictionary<string, Tensor>? Weights => _options.TrainWeights == WeightTraining.None ? null
        : _layers.ToDictionary(layer => layer.Logits.Name, layer => layer.Weight, StringComparer.Ordinal);

    /// <summary>The same, all of them in every rank, of the caller's scope. All ranks call it.</summary>
    internal IReadOnlyDictionary<string, Tensor>? WholeWeights()
    {
        using IDisposable noGradient = no_grad();
        return _ranks.Size == 1 || _options.TrainWeights == WeightTraining.None ? Weights : _layers.ToDictionary(
            layer => layer.Logits.Name, layer => layer.Share.Whole(layer.Weight, layer.Dense), StringComparer.Ordinal);
    }

    /// <summary>The linear layers that are learned: all of the blocks but those that <c>Skip</c> names.</summary>
    /// <exception cref="ArgumentException">A skip pattern matches nothing, nothing is left, or columns are not divisible by M.</exception>
    public static IReadOnlyList<LinearLayer> SelectLayers(Decoder model, LearnOptions options) =>
        LayerSelection.Select(model, options.Pattern, options.Skip);

    /// <summary>One optimizer step.</summary>
    /// <param name="step">Counts from 0; decides schedules and noise.</param>
    /// <param name="inputs">(B, T) int64 token ids; among ranks this one's of the batch.</param>
    /// <param name="targets">(B, T) int64: the token after each.</param>
    /// <exception cref="InvalidDataException">The loss or the gradient is NaN or infinite; the logits stay as they were.</exception>
    public StepFigures Step(long step, Tensor inputs, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        long begin = Stopwatch.GetTimestamp();
        Teacher? dense = DenseModel(inputs);
        TimeSpan taught = Stopwatch.GetElapsedTime(begin);
        return Step(step, begin, taught, TimesEntered(inputs), sampled => ForwardBackward(sampled, inputs, targets, dense));
    }

    /// <summary>One optimizer step of the layers of one block, by its output.</summary>
    /// <param name="step">Counts from 0; decides schedules and noise.</param>
    /// <param name="block">Its index.</param>
    /// <param name="input">(B, T, D), what goes into it.</param>
    /// <param name="target">(B, T, D), what is to come out.</param>
    /// <exception cref="InvalidDataException">As for <see cref="Step(long, Tensor, Tensor)"/>.</exception>
    internal StepFigures StepBlock(long step, int block, Tensor input, Tensor target)
    {
        using DisposeScope scope = NewDisposeScope();
        return Step(step, Stopwatch.GetTimestamp(), TimeSpan.Zero, 0, sampled => BlockReconstruction.Backward(_model, block, input, target,
            MicroBatchSize, () => sampled.Enter(_layersOfBlock[block])));
    }

    private StepFigures Step(long step, long begin, TimeSpan taught, int times, Func<SampledLayers, double> run)
    {
        MaskSample sample = SampleOf(step);
        SampledLayers sampled = new(_masks, sample, times);
        double loss = run(sampled);
        SumOfExperts();
        long afterModel = Stopwatch.GetTimestamp();
        LearnedLayer[] reached = [.. _layers.Where(layer => layer.HasGradient)];
        foreach (LearnedLayer layer in reached) layer.NoteReached();
        double squares = reached.Where(layer => layer.Share.Count > 0)
            .Sum(layer => _masks.SquaredNorm(layer, LayerSample(sample, layer), layer.Gradient));
        double[] sums = _ranks.Sum(loss, sampled.Reward, sampled.Largest, squares);
        loss = sums[0];
        Vectors?.SumGradients(_ranks);
        double norm = Math.Sqrt(sums[3] + (Vectors?.SquaredNorm() ?? 0));
        Finite.RequireStep(step, loss, norm);
        TimeSpan backward = Stopwatch.GetElapsedTime(afterModel);
        Update(step, sample, norm);
        TimeSpan update = Stopwatch.GetElapsedTime(afterModel) - backward;
        return new StepFigures(
            loss, sums[1], norm, sums[2] / GroupCount,
            new StepTimes(taught.TotalSeconds, sampled.Elapsed.TotalSeconds, backward.TotalSeconds, update.TotalSeconds,
                Stopwatch.GetElapsedTime(begin).TotalSeconds));
    }

    /// <summary>The most probable mask of every layer now, by the checkpoint's name.</summary>
    /// <exception cref="InvalidDataException">A logit is NaN or infinite.</exception>
    public IReadOnlyDictionary<string, Mask> ArgmaxMasks()
    {
        using IDisposable noGradient = no_grad();
        RequireFiniteLogits();
        return new OrderedDictionary<string, Mask>(
            _layers.Select(layer => KeyValuePair.Create(layer.Logits.Name, MaskOf(layer))));
    }

    /// <summary>Share of groups whose most probable candidate is another one than at the last call; 0 at the first.</summary>
    public double ChangedGroupShare()
    {
        using IDisposable noGradient = no_grad();
        return _ranks.Sum(_layers.Sum(layer => layer.CountChangedGroups(ChoiceOf(layer))))[0] / GroupCount;
    }

    /// <summary>Writes the logits as (groups, candidates) float32 under each weight's name; among ranks the first does, and all call
    /// it.</summary>
    internal void SaveLogits(string path)
    {
        RequireFiniteLogits();
        using DisposeScope scope = NewDisposeScope();
        List<(string, Tensor)> all = [];
        foreach (LearnedLayer layer in _layers)
            if (layer.Share.State((layer.Logits.Name, layer.Logits.Logits), ofWeights: false, layer.Dense).Gather(_ranks) is { } logits)
                all.Add((layer.Logits.Name, logits.t().contiguous()));
        if (!_ranks.IsFirst) return;
        TensorState.SaveChecked(
            path, all,
            _table is null
                ? new Dictionary<string, string> { ["pattern"] = _options.Pattern.ToString(), ["parametrization"] = "items" }
                : new Dictionary<string, string> { ["pattern"] = _options.Pattern.ToString() });
    }

    private void RequireFiniteLogits()
    {
        foreach (MaskLogits logits in Logits) logits.RequireFinite();
    }

    /// <summary>Gives the model its dense weights back and frees the logits.</summary>
    public void Dispose()
    {
        foreach (LearnedLayer layer in _layers) layer.Dispose();
        Vectors?.Dispose();
        _masks.Dispose();
        _table?.Dispose();
    }

    /// <summary>Fused kernels are the CPU's, and of candidates; a GPU, and items, run tensor operations.</summary>
    internal static KernelKind ChooseKernel(LearnOptions options, Device device) =>
        options.Parametrization == Parametrization.Items ? KernelKind.Plain
        : device.type == DeviceType.CPU ? options.Kernel
        : options.Moments == MomentType.Float32 || (options.Moments == MomentType.BFloat16 && !options.LearnsMasks) ? KernelKind.Plain
        : throw new ArgumentException($"`Moments` {options.Moments.ToString().ToLowerInvariant()} needs the CPU's fused kernels; on a GPU "
            + $"leave it at float32.");

    internal static MaskSample LayerSample(MaskSample sample, LearnedLayer layer) =>
        sample with
        {
            Layer = (uint)layer.Index,
            Reward = sample.Reward * layer.RewardScale,
            FirstGroup = (int)layer.Share.First,
        };

    // softmax((kappa p + s g) / tau) is softmax((kappa/s p + g) / (tau/s)), which the kernels compute.
    private MaskSample SampleOf(long step) => new(
        _options.Seed, checked((uint)step), 0,
        (float)(Schedules.At(_options.Kappa, _options.Schedule, step, _options.Steps) / NoiseScale),
        (float)(Schedules.At(_options.Tau, _options.Schedule, step, _options.Steps) / NoiseScale),
        (float)Schedules.WeightReward(_options.WeightReward, step, _options.Steps), _options.Hard, _options.Noise > 0);

    private Tensor MaskOf(LearnedLayer layer, MaskSample sample)
    {
        Tensor mask = empty(layer.Weight.shape, ScalarType.Float32, layer.Dense.device);
        _masks.Mask(layer, LayerSample(sample, layer), mask);
        return mask;
    }

    private Mask MaskOf(LearnedLayer layer) => _options.TrainWeights == WeightTraining.Moving
        ? WholeMask(layer, () => layer.LargestWeights(_options.Pattern).to(ScalarType.Byte)) : FirstMaskOf(layer);

    // Where weights move, too: what they begin under.
    private static Mask FirstMaskOf(LearnedLayer layer) => layer.Logits.Frozen ?? WholeMask(layer, layer.Logits.Kept);

    private static Mask WholeMask(LearnedLayer layer, Func<Tensor> own)
    {
        using DisposeScope scope = NewDisposeScope();
        return MaskTensors.FromTensor(layer.Share.Whole(own(), layer.Dense));
    }

    private Tensor ChoiceOf(LearnedLayer layer)
    {
        if (_options.TrainWeights != WeightTraining.Moving) return layer.Logits.Choice();
        using DisposeScope scope = NewDisposeScope();
        return CandidateTensor.ToGroups(layer.LargestWeights(_options.Pattern), _options.Pattern)
            .to(ScalarType.Byte).MoveToOuterDisposeScope();
    }

    // A mask that moves begins as the prior's only where that keeps what is largest.
    private Tensor StartOf(LinearLayer layer, Mask? mask, IReadOnlyDictionary<string, Tensor>? start)
    {
        Tensor weight = start?.GetValueOrDefault(layer.Name) ?? layer.Weight;
        return _options.TrainWeights == WeightTraining.Moving && mask is not null
            ? weight * MaskTensors.ToTensor(mask, weight.device, weight.dtype) : weight.alias();
    }

    private static MaskLogits Frozen(LinearLayer layer, Mask? mask, LearnOptions options, GroupShare share)
    {
        if (options.TrainWeights == WeightTraining.Dense) mask = Mask.Full(layer.Rows, layer.Columns);
        if (mask is null)
            throw new ArgumentException($"`TrainWeights` trains under a mask, and `Prior` has none of {layer.Name}; name a mask of "
                + $"all layers, or `Skip` what stays dense.");
        return MaskLogits.Freeze(layer, options, mask, share);
    }

    private double NoiseScale => _options.Noise > 0 ? _options.Noise : 1;

    private static float RewardScale(Tensor weight, LearnOptions options)
    {
        if (!options.NormalizedReward) return 1;
        using DisposeScope scope = NewDisposeScope();
        float scale = (float)(1 / weight.to(ScalarType.Float32).Squared().sum(ScalarType.Float64).item<double>());
        // Of a layer of zeros there is nothing to keep.
        return float.IsFinite(scale) ? scale : 0;
    }

    // The dense model is the same weights without the masks, which are not in place yet.
    private Teacher? DenseModel(Tensor inputs) => _options.RunsDenseModel && !_options.Blockwise
        ? Teacher.Of(_model, inputs, MicroBatchSize, _options.Distillation, _options.StateDistillation) : null;

    private int MicroBatchSize => _options.MicroBatchSize ?? _options.BatchSize;

    // Ranks have parts of a batch; the sequences of a process for itself are all.
    private int? BatchSize => _ranks.Size == 1 ? null : _options.BatchSize;

    // Recomputed blocks are entered on both ways of each part.
    private int TimesEntered(Tensor inputs)
    {
        int parts = ((int)inputs.size(0) + MicroBatchSize - 1) / MicroBatchSize;
        return _options.Blockwise ? parts : _options.CheckpointActivations ? 2 * parts : 1;
    }

    // Which experts a step reached, all ranks know before they sum: those of none have no gradient.
    private void SumOfExperts()
    {
        if (_ranks.Size == 1) return;
        LearnedLayer[] experts = [.. _layers.Where(layer => layer.IsOfExperts)];
        if (experts.Length == 0) return;
        double[][] here = [.. experts.Select(layer => layer.ReachedHere())];
        double[] all = _ranks.Sum([.. here.SelectMany(reached => reached)]);
        int at = 0;
        foreach ((LearnedLayer layer, double[] own) in experts.Zip(here))
        {
            layer.SumReached(all.AsSpan(at, own.Length));
            at += own.Length;
        }
    }

    private double ForwardBackward(SampledLayers sampled, Tensor inputs, Tensor targets, Teacher? dense)
    {
        if (_options.Blockwise) return Reconstruct(sampled, inputs);
        using IDisposable? vectors = Vectors?.Enter(takesGradient: true);
        // Without recomputation the graph holds every layer's masked weight, so all are drawn once and serve all parts.
        using IDisposable? all = _options.CheckpointActivations ? null : sampled.Enter(_layers);
        return BackwardPass.RunInParts(
            _model, inputs, targets, _options.MicroBatchSize, _options.CheckpointActivations, block => sampled.Enter(_layersOfBlock[block]),
                dense, BatchSize);
    }

    private double Reconstruct(SampledLayers sampled, Tensor inputs)
    {
        Tensor[] own = inputs.split(MicroBatchSize);
        double parts = BatchSize is { } all ? (double)all / MicroBatchSize : own.Length;
        return own.Sum(part =>
        {
            using DisposeScope scope = NewDisposeScope();
            return BlockReconstruction.Backward(_model, BlockStates.Of(_model, part), 1.0 / parts, block =>
                sampled.Enter(_layersOfBlock[block])) / parts;
        });
    }

    private void Update(long step, MaskSample sample, double norm)
    {
        double clip = Math.Min(1, _options.ClipNorm / (norm + 1e-6));
        AdamWRates rates = new(step, CosineSchedule.At(_options.LearningRate, step, _options.Steps), _options.WeightDecay,
            _options.Epsilon);
        AdamWRates weightRates = new(step, LinearSchedule.At(_options.WeightLearningRate, step, _options.Steps,
            Math.Min(MostWarmupSteps, _options.Steps / 10)), 0, WeightEpsilon);
        using IDisposable noGradient = no_grad();
        Vectors?.Update(clip, weightRates);
        foreach (LearnedLayer layer in _layers)
        {
            using DisposeScope scope = NewDisposeScope();
            if (layer.HasGradient) Update(layer, step, sample, clip, rates, weightRates);
            Settle(layer, step);
            layer.DropGradient();
            layer.Logits.TakeAverage(_options.AverageDecay, step);
        }
    }

    // A layer of experts that no token reached stays as it is; of one that has them all in one tensor, those that none reached.
    private void Update(LearnedLayer layer, long step, MaskSample sample, double clip, AdamWRates rates, AdamWRates weightRates)
    {
        if (layer.Share.Count == 0) return;
        // Before the logits move: the mask of this step.
        Tensor? mask = layer.Trained is null ? null : MaskOf(layer, sample);
        using (layer.KeepUnreached(_masks.SkipsUnreachedTiles))
            _masks.Update(layer, LayerSample(sample, layer), layer.Gradient, clip, rates);
        UpdateWeight(layer, step, mask, _options.LearnsMasks ? 1 : clip, weightRates);
    }

    private void UpdateWeight(LearnedLayer layer, long step, Tensor? mask, double clip, AdamWRates rates)
    {
        if (layer.Trained is null) return;
        if (!_options.MovesMask(step)) layer.Trained.Update(layer.Gradient, mask!, clip, rates);
        else layer.Trained.UpdateAll(layer.Gradient, mask!, clip, _options.DroppedDecay, rates);
    }

    private void Settle(LearnedLayer layer, long step)
    {
        if (layer.Trained is not null && _options.MovesMask(step) && !_options.MovesMask(step + 1))
            layer.Trained.Settle(layer.LargestWeights(_options.Pattern));
    }
}
