using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Priors;
using MaskLlm.Runs;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// Learns the masks of one block after another: each so that the block's output, from what the masked blocks before it give, is the dense
/// block's from dense inputs. State, gradients and weights are one block's; the hidden states of the data lie in files.
/// </summary>
internal sealed class StreamedLearning
{
    // Of the states behind masked blocks, and of those behind dense ones.
    private const long HiddenMemoryBytes = 512L << 20;

    private readonly Decoder _model;
    private readonly LearnRequest _request;
    private readonly RunFolder _folder;
    private readonly PruneCheckpoint _checkpoint;
    private readonly JsonObject _decisive;
    private readonly IProgress<Progress>? _progress;
    private readonly CancellationToken _cancellation;

    /// <param name="model">Dense before and after.</param>
    /// <param name="request">Validated.</param>
    /// <param name="folder">The run's; its checkpoint is begun, or gone on with where the request asks for that.</param>
    /// <param name="decisive">What two runs must share to give the same masks.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops after a step, with a checkpoint.</param>
    /// <exception cref="ArgumentException">The run was started with other options.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged.</exception>
    internal StreamedLearning(Decoder model, LearnRequest request, RunFolder folder, JsonObject decisive, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        (_model, _request, _folder, _decisive) = (model, request, folder, decisive);
        (_progress, _cancellation) = (progress, cancellation);
        _checkpoint = PruneCheckpoint.Open(folder, request.Resume, decisive, model.Config.BlockCount, () => []);
    }

    /// <summary>The step, counted over all blocks, that comes first.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is damaged.</exception>
    internal long FirstStep() => _checkpoint.FinishedBlocks * (long)Options.Steps
        + (HasLearner(_checkpoint.FinishedBlocks) ? LearnCheckpoint.StepOf(LearnerPath(_checkpoint.FinishedBlocks)) : 0);

    /// <summary>Memory that hidden states take at most.</summary>
    /// <param name="hiddenSize">D.</param>
    /// <param name="options">Of the run.</param>
    internal static double HiddenBytes(int hiddenSize, LearnOptions options)
    {
        double states = (double)options.Steps * options.BatchSize * options.SequenceLength * hiddenSize * sizeof(float);
        // Both kinds, and of one the next block's beside this one's.
        return states <= HiddenMemoryBytes ? 3 * states : 0;
    }

    /// <summary>Learns.</summary>
    /// <param name="batches">Every block sees the same ones.</param>
    /// <param name="prior">To start from, by name; null for none.</param>
    /// <param name="inputSquares">By name, where the options ask for scores.</param>
    /// <exception cref="OperationCanceledException">Stopped; the checkpoint is saved.</exception>
    internal LearnedRun Run(BatchSampler batches, IReadOnlyDictionary<string, Mask>? prior,
        IReadOnlyDictionary<string, Tensor>? inputSquares)
    {
        IReadOnlyList<LinearLayer> selected = MaskLearner.SelectLayers(_model, Options);
        List<int[]> sequences = Sequences(batches);
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        for (int done = 0; done < _checkpoint.FinishedBlocks; done++)
            foreach ((string name, Mask mask) in _checkpoint.Masks(done, selected)) masks.Add(name, mask);
        using HiddenStates dense = Start(sequences, HiddenStates.DenseName), hidden = Start(sequences, HiddenStates.PrunedName);
        long first = FirstStep();
        LearnTotals totals = new(first);
        using MetricsLog metrics = new(_folder, first);
        string kernel = "";
        double onPrior = 0, groups = 0;
        // What the blocks of an earlier process did not reach is not known.
        long? unreached = _model.Config.Experts is null || _checkpoint.FinishedBlocks > 0 ? null : 0;
        for (int block = _checkpoint.FinishedBlocks; block < _model.Config.BlockCount; block++)
        {
            int now = block;
            using IDisposable? held = _model.Hold(block);
            LinearLayer[] layers = [.. selected.Where(_model.BlockLinears(block).Contains)];
            dense.Advance(block + 1, batch => RunBlock(now, dense, batch), _cancellation);
            Dictionary<string, Mask> own = [];
            if (layers.Length > 0)
            {
                using MaskLearner learner = new(_model, Options, prior, inputSquares, null, layers);
                Learn(learner, block, hidden, dense, totals, metrics);
                foreach ((string name, Mask mask) in learner.ArgmaxMasks()) own.Add(name, mask);
                kernel = learner.KernelName;
                unreached += learner.UnreachedGroups;
                (onPrior, groups) = (onPrior + learner.PriorGroupShare * learner.GroupCount, groups + learner.GroupCount);
            }
            foreach ((string name, Mask mask) in own) masks.Add(name, mask);
            _checkpoint.Save(block, [.. layers.Select(layer => new PrunedLayer(layer, own[layer.Name], layer.Weight, layer.Weight))], null);
            Advance(block, own, hidden);
            File.Delete(LearnerPath(block));
        }
        long weights = masks.Values.Sum(mask => (long)mask.Rows * mask.Columns);
        return new LearnedRun(masks, null, totals, weights, kernel, groups > 0 ? onPrior / groups : 0)
        {
            UnreachedGroups = unreached,
            StepsOfAToken = _model.Config.BlockCount,
        };
    }

    private LearnOptions Options => _request.Options;

    // By block: what a kill leaves of the block before is not taken for this one's.
    private string LearnerPath(int block) => Path.Combine(_checkpoint.Folder, $"learner-{block}.safetensors");

    private bool HasLearner(int block) => _request.Resume && File.Exists(LearnerPath(block));

    // A batch is what one step looks at.
    private List<int[]> Sequences(BatchSampler batches)
    {
        List<int[]> sequences = [];
        int[] ids = new int[Options.BatchSize * (Options.SequenceLength + 1)];
        for (long step = 0; step < Options.Steps; step++)
        {
            batches.Fill(step, ids);
            sequences.AddRange(ids.Chunk(Options.SequenceLength + 1).Select(row => row[..^1]));
        }
        return sequences;
    }

    private HiddenStates Start(IReadOnlyList<int[]> sequences, string name) => _checkpoint.FinishedBlocks > 0
        ? HiddenStates.Load(_model, sequences, _checkpoint.Folder, HiddenMemoryBytes, _checkpoint.FinishedBlocks, name, Options.BatchSize)
        : HiddenStates.Embed(_model, sequences, _checkpoint.Folder, HiddenMemoryBytes, _cancellation, name, Options.BatchSize);

    // Behind the last block nothing looks at what is masked.
    private void Advance(int block, IReadOnlyDictionary<string, Mask> masks, HiddenStates hidden)
    {
        if (block + 1 == _model.Config.BlockCount) return;
        using MaskedWeights masked = MaskedWeights.Apply(_model, masks);
        hidden.Advance(block + 1, batch => RunBlock(block, hidden, batch), _cancellation);
    }

    private Tensor RunBlock(int block, HiddenStates states, int batch)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor input = states.Read(batch, _model.Device).to(_model.Compute);
        Tensor[] outputs = [.. input.split(Options.MicroBatchSize ?? Options.BatchSize).Select(part => _model.RunBlock(block, part))];
        return cat(outputs, 0).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private void Learn(MaskLearner learner, int block, HiddenStates hidden, HiddenStates dense, LearnTotals totals, MetricsLog metrics)
    {
        long first = HasLearner(block) ? LearnCheckpoint.Load(LearnerPath(block), learner, _decisive) : 0;
        learner.ChangedGroupShare();
        double changed = 0;
        for (long step = first; step < Options.Steps; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            StepFigures figures = learner.StepBlock(step, block,
                hidden.Read((int)step, _model.Device).to(_model.Compute), dense.Read((int)step, _model.Device).to(_model.Compute));
            totals.Add(figures);
            long all = block * (long)Options.Steps + step;
            bool last = step + 1 == Options.Steps;
            if ((step + 1) % _request.LogEvery == 0 || last)
            {
                changed = learner.ChangedGroupShare();
                metrics.Write(all, ("block", block), ("loss", figures.Loss), ("reward", figures.Reward),
                    ("gradient_norm", figures.GradientNorm), ("mean_max_probability", figures.MeanMaxProbability),
                    ("changed_groups", changed), ("tokens_per_second", TokensAStep / figures.Times.Total));
            }
            Report(block, step, figures);
            if (!last && (_cancellation.IsCancellationRequested || (step + 1) % _request.SaveEvery == 0))
                LearnCheckpoint.Save(LearnerPath(block), learner, step + 1, _decisive);
            if (!last) _cancellation.ThrowIfCancellationRequested();
        }
    }

    private long TokensAStep => (long)Options.BatchSize * Options.SequenceLength;

    private void Report(int block, long step, StepFigures figures)
    {
        int blocks = _model.Config.BlockCount;
        _progress?.Report(new Progress("learning", block * (long)Options.Steps + step + 1, blocks * (long)Options.Steps,
            string.Create(CultureInfo.InvariantCulture,
                $"block {block + 1}/{blocks}, step {step + 1}/{Options.Steps}, error {figures.Loss:0.0000}, max probability "
                + $"{figures.MeanMaxProbability:0.00}, {TokensAStep / figures.Times.Total:0} tokens/s")));
    }
}
