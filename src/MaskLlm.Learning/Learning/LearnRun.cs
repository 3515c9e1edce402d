using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Distributed;
using MaskLlm.Evaluation;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Packing;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The main job: from a checkpoint and text to a learned mask, with its proof, in a run's folder.</summary>
public sealed class LearnRun
{
    private readonly LearnRequest _request;
    private readonly Ranks _ranks;

    // Of the rank that writes.
    private readonly RunFolder? _folder;
    private readonly IProgress<Progress>? _progress;
    private readonly Action<string> _warn;
    private readonly CancellationToken _cancellation;

    // What masks are learned for: the request's model, or that in another order.
    private string _model;

    private LearnRun(LearnRequest request, Ranks ranks, IProgress<Progress>? progress, Action<string>? warn, CancellationToken cancellation)
    {
        request.Validate();
        request.RequireRanks(ranks.Size);
        (_request, _progress, _warn, _cancellation, _model) = (request, progress, warn ?? (_ => { }), cancellation, request.Model);
        _ranks = ranks;
        RankAgreement.Require(ranks, LearnRecord.Asked(request), "option");
        RequirePositions(CheckpointConfig.Read(request.Model));
        if (!ranks.IsFirst) return;
        RunModelFolder.Require(request.Out, request.Model, ModelOption(request), "`SaveModel`");
        PermutedModel.Require(request.Out, request.Model, request.Permute, request.Resume);
        _folder = RunFolder.Open(request.Out, request.Force, request.Resume, Inputs(request));
    }

    /// <summary>Learns to the end, or to a checkpoint when cancelled.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="warn">Told, in one sentence each, what the user should know and nothing stops for.</param>
    /// <param name="cancellation">Stops after the step, with a checkpoint.</param>
    /// <returns>The run's record, as in <c>run.json</c>.</returns>
    /// <exception cref="ArgumentException">Options or folder make no sense.</exception>
    /// <exception cref="InvalidDataException">Model, mask or data are broken.</exception>
    /// <exception cref="InsufficientMemoryException">The run would not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the checkpoint is saved.</exception>
    public static RunRecord Execute(
        LearnRequest request, IProgress<Progress>? progress = null, Action<string>? warn = null,
            CancellationToken cancellation = default) => Execute(request, Ranks.Alone, progress, warn, cancellation);

    /// <summary>The same by several processes, each with the same request; the first of them writes.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="ranks">The processes; all of them call this.</param>
    /// <param name="progress">As of one process.</param>
    /// <param name="warn">As of one process.</param>
    /// <param name="cancellation">Of any of them stops all after the step, with a checkpoint.</param>
    /// <exception cref="ArgumentException">As of one process; or it is nothing that ranks do, or one has another request or
    /// input.</exception>
    /// <exception cref="NotSupportedException">A layer is larger than what ranks pass at once.</exception>
    public static RunRecord Execute(LearnRequest request, Ranks ranks, IProgress<Progress>? progress = null, Action<string>? warn = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        LearnRun run = new(request, ranks, progress, warn, cancellation);
        using RunFolder? folder = run._folder;
        return run.Run();
    }

    private RunRecord Run()
    {
        if (_request.Permute) _model = Permuted();
        using Decoder model = Checkpoint.LoadOrStream(_model, _request.Options.Stream, null, TorchRuntime.DeviceOf(_request.Device),
            _request.Options.Precision);
        // What can be refused is refused before the text is tokenised, which may take long.
        LearnMemory.Require(model, _request.Options, _ranks.Size);
        TokenEncoding encoding = ModelTokenizer.Encoding(_model, model.Config, _request.Data);
        IReadOnlyDictionary<string, Mask>? fromFile = LoadPrior();
        IReadOnlyList<LinearLayer> layers = MaskLearner.SelectLayers(model, _request.Options);
        using StartWeights? start = LoadStart(layers);
        using Corpus corpus = OpenCorpus(encoding);
        MemoryPlan plan = LearnMemory.Plan(model, _request.Options, Environment.WorkingSet, _ranks.Size);
        if (_request.ExplainMemory) Explain(plan);
        TaskRun? tasks = _request.Tasks is null ? null : new TaskRun(_request.Tasks,
            new TaskEncoding(ModelTokenizer.Load(_model, model.Config)), model.Config.MaxPositions, _progress, _cancellation);
        BatchSampler batches = corpus.Batches(_request.Options.BatchSize, _request.Options.SequenceLength, _request.Options.Seed);
        WarnOfRepetition(batches);
        if (!_request.Options.LearnsMasks && Changed(LearnSettings.OfMasks) is { Length: > 0 } idle)
            _warn($"`TrainWeights` {_request.Training} learns no mask, and of no effect are {idle}.");
        if (_request.Options.Stream && Changed(LearnSettings.OfWholeModel) is { Length: > 0 } whole)
            _warn($"`Stream` learns each block by its own output, and of no effect are {whole}.");
        if (ExpertTokens.Warning(model.Config, _request.Options.MinExpertTokens) is { } noExperts) _warn(noExperts);
        if (model.Device.type == DeviceType.CPU && !Precision.IsNative(model.Compute))
            _warn("this processor has no AVX-512, and bfloat16 products are emulated: less memory, but slower than `Precision` float32.");
        IReadOnlyList<int[]> heldOut = _request.EvalText is null
            ? corpus.HeldOutWindows(_request.Options.SequenceLength, _request.EvalWindows) : WindowsOf(_request.EvalText, model.Config);
        if (heldOut.Count == 0)
            _warn(_request.EvalText is null ? "the data are too short to hold a window out; the run reports no perplexities."
                : $"{_request.EvalText} is shorter than a window; the run reports no perplexities.");
        JsonObject options = LearnRecord.Options(_request, corpus), inputs = LearnRecord.Inputs(_request, corpus);
        // What two runs must share to give the same mask.
        JsonObject decisive = options.DeepClone().AsObject();
        decisive[DecisiveOptions.InputsKey] = inputs.DeepClone();
        // The text of the perplexities decides nothing of the mask.
        if (_request.EvalText is { } text) inputs[RecordedPath.Of(text)] = InputHashes.Of(text);
        RankAgreement.Require(_ranks, inputs, "input");
        long begin = Stopwatch.GetTimestamp();
        List<int[]> calibration = Calibration(corpus);
        CalibrationCount? calibrated = LooksAtCalibration(fromFile) ? CalibrationCount.Of(calibration) : null;
        if (calibrated?.Warning(_request.Options.PriorSamples, "a shorter `SequenceLength`") is { } repetition) _warn(repetition);
        IReadOnlyDictionary<string, Mask>? prior = fromFile ?? (_request.PrunesForPrior
            ? OneShot.Prune(model, new PruneMethod(_request.Prior, _request.Options.Pattern)
            {
                MinExpertTokens = _request.Options.MinExpertTokens,
            }, layers, calibration, _progress, _cancellation,
                layer => start?.Add(layer.Name, layer.Weight), _ranks) : null);
        using InputSquares? squares = _request.Options.UsesScores
            ? InputSquares.Of(model, calibration, _ranks, _progress, _cancellation) : null;
        double priorSeconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        double? dense = HeldOut(model, heldOut, null, _cancellation), priorPerplexity = prior is null || !CoversLearned(model, ref prior)
            ? null : HeldOut(model, heldOut, prior, _cancellation, start?.ByName);
        // Of what there is no figure, the name is not there.
        JsonObject asked = [];
        if (tasks is not null) asked["dense"] = Asked(model, tasks, null, _cancellation);
        if (tasks is not null && prior is not null) asked["prior"] = Asked(model, tasks, prior, _cancellation, start?.ByName);
        if (!_request.Options.Stream) AnnounceDuration(model, batches);
        LearnedRun learned = _request.Options.Stream ? LearnBlocks(model, batches, decisive, prior, squares?.ByName, heldOut, tasks)
            : Learn(model, batches, decisive, prior, start, squares?.ByName, heldOut, tasks, dense, priorPerplexity);
        double? final = learned.Perplexity;
        if (final > priorPerplexity)
            _warn(string.Create(CultureInfo.InvariantCulture,
                $"the {(_request.Options.LearnsMasks ? "learned mask" : "trained model")} is worse than its prior on held-out text "
                + $"({final:0.00} against {priorPerplexity:0.00}); more steps, or "
                + $"another learning rate, may help."));
        RunRecord record = LearnRecord.Create(_request, corpus, options, inputs, learned,
            new PerplexityTriple(dense, priorPerplexity, final), priorSeconds, plan);
        record.Figures["calibration_tokens"] = calibrated?.Tokens;
        record.Figures["held_out_windows"] = heldOut.Count;
        if (_ranks.Size > 1) record.Figures["ranks"] = learned.Totals.Talk(_ranks);
        if (learned.Tasks is not null) asked["learned"] = learned.Tasks;
        if (tasks is not null) record.Figures["tasks"] = asked;
        return _ranks.IsFirst ? Finish(record, learned) : record;
    }

    // What can be refused is refused before an earlier run is replaced. The search looks at what a prior looks at.
    private string Permuted()
    {
        string path = PermutedModel.PathOf(_request.Out);
        if (PermutedModel.IsThere(Folder, _request.Resume)) return path;
        using Decoder model = Checkpoint.Load(_request.Model, keepBFloat16: true);
        LearnMemory.Require(model, _request.Options);
        using Corpus corpus = OpenCorpus(ModelTokenizer.Encoding(_request.Model, model.Config, _request.Data));
        PermuteRequest permutation = new()
        {
            Model = _request.Model,
            Data = _request.Data,
            Out = path,
            Pattern = _request.Options.Pattern,
            Seed = _request.Options.Seed,
        };
        PermutedModel.Make(Folder, model, permutation, new Calibration(Calibration(corpus), corpus.Sources), _progress, _warn,
            _cancellation);
        return path;
    }

    // Those of some settings that are not the recipe's own.
    private string Changed(IReadOnlySet<string> names)
    {
        LearnOptions usual = LearnOptions.Of(_request.Options.Recipe);
        return string.Join(", ", LearnSettings.All
            .Where(setting => names.Contains(setting.Name))
            .Where(setting => setting.ToJson(usual)!.ToJsonString() != setting.ToJson(_request.Options)!.ToJsonString())
            .Select(setting => PropertyNames.Quoted(setting.Name)));
    }

    private RunFolder Folder => _folder ?? throw new InvalidOperationException("another rank writes the run's folder.");

    // What the rank that writes finds in its folder.
    private bool HasCheckpoint => _ranks.OfFirst(_folder is { HasCheckpoint: true } ? 1 : 0) != 0;

    private static string? ModelOption(LearnRequest request) =>
        request.SaveModel ? "`SaveModel`" : request.Options.TrainWeights != WeightTraining.None ? "`TrainWeights`" : null;

    private static IEnumerable<string> Inputs(LearnRequest request)
    {
        IEnumerable<string?> named =
            [request.Model, request.PrunesForPrior || request.Prior == LearnRequest.NoPrior ? null : request.Prior, request.EvalText];
        return named.OfType<string>().Concat(CheckpointFiles.All(request.Model)).Concat(request.Data.Files())
            .Concat(request.StartWeights is { } start ? CheckpointFiles.All(start) : []);
    }

    private void Explain(MemoryPlan plan)
    {
        foreach (MemoryPart part in plan.Parts)
            _warn(string.Create(CultureInfo.InvariantCulture, $"{part.Bytes / 1e6,10:0.0} MB  {part.What}"));
        _warn(string.Create(CultureInfo.InvariantCulture,
            $"{plan.TotalBytes / 1e6,10:0.0} MB  in all, {AvailableMemory.Bytes() / 1e6:0} MB available"));
    }

    // Backward costs two forward passes and, recomputed, a third, the dense model's predictions one; masks about as many ns a weight on two
    // cores (docs/results).
    internal static double Seconds(LearnOptions options, KernelKind kernel, double secondsOfForward, long weights)
    {
        int passes = 3 + (options.CheckpointActivations ? 1 : 0) + (options.RunsDenseModel ? 1 : 0);
        double masks = (kernel == KernelKind.Fused ? 7e-9 : 27e-9) * weights;
        return options.Steps * (passes * secondsOfForward * options.BatchSize / (options.MicroBatchSize ?? options.BatchSize) + masks);
    }

    private void AnnounceDuration(Decoder model, BatchSampler batches)
    {
        LearnOptions options = _request.Options;
        int own = _ranks.CountOf(options.BatchSize), micro = Math.Min(options.MicroBatchSize ?? own, own);
        int[] ids = new int[options.BatchSize * (options.SequenceLength + 1)];
        batches.Fill(0, ids);
        using IDisposable noGradient = no_grad();
        TimeSpan forward = TimeSpan.Zero;
        for (int run = 0; run < 2; run++)   // the first warms up
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = TokenBatch.Split(ids, options.BatchSize, model.Device);
            long begin = Stopwatch.GetTimestamp();
            Perplexity.NegativeLogLikelihood(model, inputs.narrow(0, 0, micro), targets.narrow(0, 0, micro));
            forward = Stopwatch.GetElapsedTime(begin);
        }
        long weights = MaskLearner.SelectLayers(model, options).Sum(layer => (long)layer.Rows * layer.Columns);
        double seconds = Seconds(options with { BatchSize = own, MicroBatchSize = micro },
            MaskLearner.ChooseKernel(options, model.Device), forward.TotalSeconds, weights / _ranks.Size);
        _warn(string.Create(CultureInfo.InvariantCulture,
            $"{options.Steps} steps will take about {seconds / 60:0.0} minutes (from one forward pass)."));
    }

    private LearnedRun Learn(
        Decoder model, BatchSampler batches, JsonObject decisive, IReadOnlyDictionary<string, Mask>? prior, StartWeights? start,
            IReadOnlyDictionary<string, Tensor>? inputSquares,
        IReadOnlyList<int[]> heldOut, TaskRun? tasks, double? dense, double? priorPerplexity)
    {
        using MaskLearner learner = new(model, _request.Options, prior, inputSquares, start?.ByName, null, _ranks);
        bool resumes = _request.Resume && HasCheckpoint;
        long first = resumes ? LearnCheckpoint.Load(CheckpointPath, learner, decisive) : 0;
        if (_request.Resume) _warn(resumes ? $"going on after step {first}." : "no checkpoint yet; starting at the first step.");
        if (prior is not null)
            _warn(string.Create(CultureInfo.InvariantCulture, $"{learner.PriorGroupShare:0.00%} of the groups start on the prior."));
        learner.ChangedGroupShare();
        _folder?.Create();
        if (_folder is not null && _request.PrunesForPrior && !resumes)
        {
            CheckpointMasks.Write(_folder.PriorPath, prior!, _model);
            if (start is not null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(StartPath)!);
                start.Save(StartPath, MaskLearner.SelectLayers(model, _request.Options));
            }
        }
        // The learner has its own copy.
        start?.Dispose();
        using MetricsLog? metrics = _folder is null ? null : new(_folder, first);
        int[] ids = new int[_request.Options.BatchSize * (_request.Options.SequenceLength + 1)];
        LearnTotals totals = new(first, _ranks);
        double changed = 0;
        int row = _ranks.FirstOf(_request.Options.BatchSize), rows = _ranks.CountOf(_request.Options.BatchSize);
        for (long step = first; step < _request.Options.Steps; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            batches.Fill(step, ids);
            (Tensor inputs, Tensor targets) = TokenBatch.Split(ids, _request.Options.BatchSize, model.Device);
            StepFigures figures = learner.Step(step, inputs.narrow(0, row, rows), targets.narrow(0, row, rows));
            totals.Add(figures);
            bool last = step + 1 == _request.Options.Steps;
            if ((step + 1) % _request.LogEvery == 0 || last || step == first) changed = Log(metrics, learner, step, figures);
            if (_request.EvalEvery > 0 && (step + 1) % _request.EvalEvery == 0 && !last)
                LogHeldOut(metrics, learner, model, heldOut, step, dense, priorPerplexity);
            Report(step, figures, changed);
            // One of the ranks is told to stop, and all of them do.
            bool stops = _ranks.Any(_cancellation.IsCancellationRequested);
            if (!last && (stops || (step + 1) % _request.SaveEvery == 0))
                LearnCheckpoint.Save(CheckpointPath, learner, step + 1, decisive);
            if (!last && stops) throw new OperationCanceledException();
        }
        if (learner.UnreachedGroups is > 0 and long unreached)
            _warn(string.Create(CultureInfo.InvariantCulture, $"{unreached} of {learner.GroupCount} groups are of experts that no token of "
                + $"these steps reached; they keep what they started from."));
        if (_request.SaveLogits) learner.SaveLogits(Path.Combine(_request.Out, "logits.safetensors"));
        // From here on a cancelled run ends as a whole one: the steps are done, and what is left takes less than to do some again.
        IReadOnlyDictionary<string, Mask> masks = learner.ArgmaxMasks();
        using DisposeScope end = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor>? weights = learner.WholeWeights();
        double? perplexity = HeldOut(model, heldOut, masks, CancellationToken.None, weights, learner.Vectors);
        if (weights is not null && _ranks.IsFirst) SaveWeights(weights.Concat(learner.Vectors?.Values ?? []));
        return new LearnedRun(masks, perplexity, totals, learner.WeightCount, learner.KernelName, learner.PriorGroupShare)
        {
            UnreachedGroups = model.Config.Experts is null ? null : learner.UnreachedGroups,
            Tasks = tasks is null ? null
                : Asked(model, tasks, masks, CancellationToken.None, weights, learner.Vectors),
        };
    }

    private LearnedRun LearnBlocks(Decoder model, BatchSampler batches, JsonObject decisive, IReadOnlyDictionary<string, Mask>? prior,
        IReadOnlyDictionary<string, Tensor>? inputSquares, IReadOnlyList<int[]> heldOut, TaskRun? tasks)
    {
        bool resumes = _request.Resume && HasCheckpoint;
        StreamedLearning learning = new(model, _request, Folder, decisive, _progress, _cancellation);
        if (_request.Resume)
            _warn(resumes ? $"going on after step {learning.FirstStep()}." : "no checkpoint yet; starting at the first step.");
        if (_request.PrunesForPrior && !File.Exists(Folder.PriorPath)) CheckpointMasks.Write(Folder.PriorPath, prior!, _model);
        LearnedRun learned = learning.Run(batches, prior, inputSquares);
        return learned with
        {
            Perplexity = HeldOut(model, heldOut, learned.Masks, CancellationToken.None),
            Tasks = tasks is null ? null : Asked(model, tasks, learned.Masks, CancellationToken.None),
        };
    }

    private double Log(MetricsLog? metrics, MaskLearner learner, long step, StepFigures figures)
    {
        double changed = learner.ChangedGroupShare();
        metrics?.Write(
            step,
            ("loss", figures.Loss), ("reward", figures.Reward), ("gradient_norm", figures.GradientNorm),
            ("mean_max_probability", figures.MeanMaxProbability), ("changed_groups", changed),
            ("tokens_per_second", TokensAStep / figures.Times.Total), ("sampling_share", figures.Times.Masks / figures.Times.Total));
        return changed;
    }

    private void LogHeldOut(MetricsLog? metrics, MaskLearner learner, Decoder model, IReadOnlyList<int[]> heldOut, long step, double? dense,
        double? prior)
    {
        if (heldOut.Count == 0) return;
        using DisposeScope scope = NewDisposeScope();
        double now = HeldOut(model, heldOut, learner.ArgmaxMasks(), CancellationToken.None, learner.WholeWeights(), learner.Vectors)!
            .Value;
        metrics?.Write(step, ("held_out_perplexity", now), ("held_out_dense", dense ?? double.NaN),
            ("held_out_prior", prior ?? double.NaN));
        _warn(string.Create(CultureInfo.InvariantCulture,
            $"step {step + 1}: held-out perplexity {now:0.00} (dense {dense:0.00}, prior {prior:0.00})"));
    }

    private void Report(long step, StepFigures figures, double changed) => _progress?.Report(new Progress(
        "learning", step + 1, _request.Options.Steps,
        string.Create(CultureInfo.InvariantCulture,
            $"step {step + 1}/{_request.Options.Steps}, loss {figures.Loss:0.000}, reward {figures.Reward:0.000}, max probability "
            + $"{figures.MeanMaxProbability:0.00}, changed {changed:0.0%}, {TokensAStep / figures.Times.Total:0} tokens/s")));

    private long TokensAStep => (long)_request.Options.BatchSize * _request.Options.SequenceLength;

    private double? HeldOut(Decoder model, IReadOnlyList<int[]> windows, IReadOnlyDictionary<string, Mask>? masks,
        CancellationToken cancellation, IReadOnlyDictionary<string, Tensor>? weights = null, TrainedVectors? vectors = null)
    {
        if (windows.Count == 0) return null;
        _progress?.Report(new Progress(masks is null ? "evaluating the dense model" : "evaluating a mask", 0, 1));
        using MaskedWeights? masked = masks is null ? null : MaskedWeights.Apply(model, masks, weights);
        using IDisposable? entered = vectors?.Enter(takesGradient: false);
        return Perplexity.OfWindows(model, windows, _ranks, masks is null ? "the dense model" : "the masked model", cancellation);
    }

    // By the rank that writes; the others wait where they are needed next.
    private JsonObject Asked(Decoder model, TaskRun tasks, IReadOnlyDictionary<string, Mask>? masks, CancellationToken cancellation,
        IReadOnlyDictionary<string, Tensor>? weights = null, TrainedVectors? vectors = null)
    {
        if (!_ranks.IsFirst) return [];
        using MaskedWeights? masked = masks is null ? null : MaskedWeights.Apply(model, masks, weights);
        using IDisposable? entered = vectors?.Enter(takesGradient: false);
        return TaskScore.ToJson(tasks.Ask(new TorchLikelihoods(model), masks is null ? "asking the dense model" : "asking a mask", null,
            _progress, cancellation));
    }

    // The file that is named; or what the interrupted run began with, which the rank that writes has.
    private IReadOnlyDictionary<string, Mask>? LoadPrior()
    {
        if (!_request.PrunesForPrior)
            return _request.Prior is LearnRequest.NoPrior ? null : PriorMask.Read(_request.Prior, _model, _request.Options.Pattern);
        if (!HasOfFirst(_folder?.PriorPath)) return null;
        return RankMasks.OfFirst(_ranks,
            _folder is null ? null : PriorMask.Read(_folder.PriorPath, _model, _request.Options.Pattern));
    }

    // Whether the interrupted run left a file, by the rank that writes.
    private bool HasOfFirst(string? path) => _request.Resume && HasCheckpoint && _ranks.OfFirst(File.Exists(path) ? 1 : 0) != 0;

    // What is named; what an interrupted run began with; or room for what the prior will solve for.
    private StartWeights? LoadStart(IReadOnlyList<LinearLayer> layers)
    {
        if (_request.StartWeights is { } folder) return StartWeights.Read(folder, _model, layers);
        if (!_request.Options.StartsOnSolvedWeights || _request.Prior != PruneRun.AdmmMethod) return null;
        if (!HasOfFirst(StartPath)) return new StartWeights();
        StartWeights weights = _ranks.IsFirst ? StartWeights.Load(StartPath, layers) : new StartWeights();
        if (!_ranks.IsFirst) weights.MakeRoom(layers);
        foreach (LinearLayer layer in layers) RankTensors.Broadcast(_ranks, weights.ByName[layer.Name]);
        return weights;
    }

    // Figures are set side by side at equal density only: of the layers that are learned, and of all of them.
    private bool CoversLearned(Decoder model, ref IReadOnlyDictionary<string, Mask> prior)
    {
        IReadOnlyDictionary<string, Mask> masks = prior;
        string[] learned = [.. MaskLearner.SelectLayers(model, _request.Options).Select(layer => layer.Name)],
            covered = [.. learned.Where(masks.ContainsKey)];
        if (covered.Length < masks.Count)
            _warn(FormattableString.Invariant(
                $"`Prior` {_request.Prior} masks {masks.Count - covered.Length} layers that are not learned; they stay dense."));
        if (covered.Length < learned.Length)
            _warn(string.Create(CultureInfo.InvariantCulture,
                $"`Prior` {_request.Prior} has no mask of {learned.Length - covered.Length} of the {learned.Length} learned layers, which "
                + $"start from nothing; its perplexity is another density's and not set beside theirs."));
        prior = new OrderedDictionary<string, Mask>(covered.Select(name => KeyValuePair.Create(name, masks[name])), StringComparer.Ordinal);
        return covered.Length == learned.Length;
    }

    private bool LooksAtCalibration(IReadOnlyDictionary<string, Mask>? fromFile) =>
        _request.Options.UsesScores || (fromFile is null && _request.PrunesForPrior && _request.Prior != PruneRun.MagnitudeMethod);

    // What a one-shot prior and the scores look at.
    private List<int[]> Calibration(Corpus corpus)
    {
        LearnOptions options = _request.Options;
        int[] ids = new int[options.PriorSamples * (options.SequenceLength + 1)];
        corpus.Batches(options.PriorSamples, options.SequenceLength, options.Seed).Fill(0, ids);
        return [.. ids.Chunk(options.SequenceLength + 1).Select(row => row[..^1])];
    }

    // The first of ranks makes the tokens, and those on its machine find them made.
    private Corpus OpenCorpus(TokenEncoding encoding)
    {
        if (!_ranks.IsFirst) _ranks.Meet();
        Corpus corpus = Corpus.Open(_request.Data, encoding, _progress, _cancellation);
        if (_ranks.IsFirst) _ranks.Meet();
        return corpus;
    }

    private List<int[]> WindowsOf(string text, DecoderConfig config)
    {
        int length = _request.Options.SequenceLength;
        int[] ids = WholeTokens.Read(text, config.VocabularySize, whole => ModelTokenizer.Load(_model, config).Encode(whole),
            _cancellation);
        return [.. ids.Chunk(length).Take(Math.Min(_request.EvalWindows, ids.Length / length))];
    }

    private void RequirePositions(DecoderConfig config)
    {
        if (_request.Options.SequenceLength > config.MaxPositions)
            throw new ArgumentException(
                $"`SequenceLength` is {_request.Options.SequenceLength}; the model has {config.MaxPositions} positions. "
                    + $"Lower `SequenceLength` to that or less.");
    }

    private void WarnOfRepetition(BatchSampler batches)
    {
        double epochs = batches.EpochsNeeded(_request.Options.Steps);
        if (epochs > 1)
            _warn(string.Create(CultureInfo.InvariantCulture,
                $"the run reads its data {epochs:0.0} times; more text, or fewer steps, avoids the repetition."));
    }

    private string CheckpointPath => RunFolder.CheckpointPathOf(_request.Out);

    private string StartPath => Path.Combine(Path.GetDirectoryName(CheckpointPath)!, "start.safetensors");

    private string TrainedPath => Path.Combine(Path.GetDirectoryName(CheckpointPath)!, "weights.safetensors");

    // In the types of the model's files.
    private void SaveWeights(IEnumerable<KeyValuePair<string, Tensor>> weights)
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(_model);
        Directory.CreateDirectory(Path.GetDirectoryName(TrainedPath)!);
        TensorState.SaveChecked(
            TrainedPath, [.. weights.Select(weight =>
                (weight.Key, FiniteTensors.RequireWritable(weight.Key, weight.Value.to(TensorBytes.TypeOf(source.Tensors[weight.Key])))))],
            new Dictionary<string, string>());
    }

    private void WriteTrained(IReadOnlyDictionary<string, Mask> masks)
    {
        using SafetensorsFile file = SafetensorsFile.OpenChecked(TrainedPath, "learn again");
        MaskedCheckpoint.Write(
            _model, masks, file.Tensors.Keys.ToDictionary(name => name, _ => file, StringComparer.Ordinal),
                RunModelFolder.PathOf(Folder.Path), force: true, null, CancellationToken.None);
    }

    private RunRecord Finish(RunRecord record, LearnedRun learned)
    {
        if (_request.Options.TrainWeights != WeightTraining.Dense) CheckpointMasks.Write(Folder.MaskPath, learned.Masks, _model);
        if (_request.Options.TrainWeights != WeightTraining.None) WriteTrained(learned.Masks);
        else if (_request.SaveModel)
            MaskedCheckpoint.Write(_model, learned.Masks, RunModelFolder.PathOf(Folder.Path), force: true);
        LearnCard.Write(Folder.CardPath, _request, record);
        record.Write(Folder.RecordPath);
        Folder.RemoveCheckpoint();
        return record;
    }
}
