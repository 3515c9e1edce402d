using System.Diagnostics;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Distributed;
using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Runs;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>From a checkpoint to one-shot masks of the linear layers of its blocks, in a run's folder.</summary>
public static class PruneRun
{
    /// <summary>Keeps the largest weights; looks at no data.</summary>
    public const string MagnitudeMethod = "magnitude";

    /// <summary>Keeps the largest |W| ||X|| (docs/pruning.md).</summary>
    public const string WandaMethod = "wanda";

    /// <summary>Keeps the largest by relative importance and activations.</summary>
    public const string RiaMethod = "ria";

    /// <summary>Keeps what costs least when the other weights of a row make up for it.</summary>
    public const string SparseGptMethod = "sparsegpt";

    /// <summary>Finds the mask and the weights that stay together.</summary>
    public const string AdmmMethod = "admm";

    // The masks of a file.
    internal const string MaskMethod = "mask";

    /// <summary>The methods by their names on the command line.</summary>
    public static IReadOnlyList<string> Methods { get; } = [AdmmMethod, MagnitudeMethod, WandaMethod, RiaMethod, SparseGptMethod];

    /// <summary>
    /// Prunes and writes <c>mask.npz</c>, <c>README.md</c> and <c>run.json</c>, and <c>model</c> where weights are updated. Methods that
    /// look
    /// at activations keep a checkpoint in the folder, of the blocks that are done; magnitude touches the folder only when its masks are
    /// there.
    /// </summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every layer or block.</param>
    /// <param name="warn">Told, in one sentence, of calibration that repeats or is short.</param>
    /// <param name="cancellation">Stops between layers, or between batches of a block; what was done before that block is kept.</param>
    /// <returns>The run's record, as in <c>run.json</c>.</returns>
    /// <exception cref="ArgumentException">Method, options or folder make no sense.</exception>
    /// <exception cref="InvalidDataException">The model, the data or a checkpoint is broken.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights, or the statistics of a block, do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static RunRecord Execute(PruneRequest request, IProgress<Progress>? progress = null, Action<string>? warn = null,
        CancellationToken cancellation = default) => Execute(request, Ranks.Alone, progress, warn, cancellation);

    /// <summary>The same by several processes, each with the same request; the first of them writes.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="ranks">The processes; all of them call this.</param>
    /// <param name="progress">As of one process.</param>
    /// <param name="warn">As of one process.</param>
    /// <param name="cancellation">As of one process.</param>
    /// <exception cref="ArgumentException">As of one process; or it is nothing that ranks do, or one has another request or
    /// input.</exception>
    public static RunRecord Execute(PruneRequest request, Ranks ranks, IProgress<Progress>? progress = null, Action<string>? warn = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(ranks);
        RequireMethod(request);
        RequireOwnFolder(request);
        PruneMethod method = request.How;
        if (ranks.Size > 1) RequireRanks(request, ranks);
        if (ranks.IsFirst)
        {
            RunModelFolder.Require(request.Out, request.Model, method.ChangesWeights ? "`UpdateWeights`" : null, "`UpdateWeights`");
            PermutedModel.Require(request.Out, request.Model, request.Permute, request.Resume);
        }
        using RunFolder? folder = !ranks.IsFirst ? null : RunFolder.Open(
            request.Out, request.Force, request.Resume,
                CheckpointFiles.All(request.Model).Prepend(request.Model).Concat(request.Data?.Files() ?? [])
                    .Concat(request.Mask is { } file ? [file] : []));
        string source = request.Permute ? Permuted(request, folder!, progress, warn, cancellation) : request.Model;
        progress?.Report(new Progress("loading the model", 0, 1));
        bool looksAtData = method is not { Name: MagnitudeMethod, Solves: false };
        using Decoder? model = looksAtData ? Checkpoint.LoadOrStream(source, request.Stream, warn) : null;
        using StreamedWeights? weights = looksAtData ? null : StreamedWeights.Open(source, CPU);
        DecoderConfig config = model?.Config ?? weights!.Config;
        IReadOnlyList<LinearLayer> all = model?.Linears ?? weights!.Layers,
            layers = LayerSelection.Select(config, all, request.Pattern, request.Skip);
        if (ExpertTokens.Warning(config, request.MinExpertTokens) is { } idle) warn?.Invoke(idle);
        if (request.Mask is { } mask)
        {
            method = method with { Masks = PriorMask.Read(mask, source, request.Pattern, "`Mask`") };
            layers = [.. layers.Where(layer => method.Masks.ContainsKey(layer.Name))];
            if (layers.Count == 0) throw new ArgumentException($"`Mask` {mask}: it masks no layer that `Skip` leaves.");
        }
        // The first of ranks makes the tokens, and those on its machine find them made.
        if (!ranks.IsFirst) ranks.Meet();
        Calibration? calibration = model is null ? null : CalibrationData.Read(request, config, progress, cancellation);
        if (ranks.IsFirst) ranks.Meet();
        if (calibration is not null && CalibrationCount.Of(calibration.Sequences)
            .Warning(request.Samples, "fewer `Samples`") is { } repetition) warn?.Invoke(repetition);
        JsonObject options = PruneRecord.Options(request, calibration), inputs = PruneRecord.Inputs(request, calibration);
        Stopwatch watch = Stopwatch.StartNew();
        OrderedDictionary<string, Mask> masks;
        IReadOnlyList<LinearLayer> dense;
        if (model is null || calibration is null)
        {
            dense = Choose();
            masks = Prune([.. layers.Except(dense)], request, progress, cancellation);
            folder!.Create();
        }
        else
        {
            JsonObject decisive = PruneRecord.Decisive(options, inputs, calibration.Sequences);
            RankAgreement.Require(ranks, inputs, "input");
            RankAgreement.Require(ranks, decisive, "option");
            PruneCheckpoint? checkpoint = folder is null ? null : PruneCheckpoint.Open(folder, request.Resume, decisive, config.BlockCount,
                () => Choose().Select(layer => layer.Name));
            HashSet<string> unpruned = [.. ranks.TextOfFirst(checkpoint is null ? null : string.Join('\n', checkpoint.Dense)).Split('\n')];
            dense = [.. layers.Where(layer => unpruned.Contains(layer.Name))];
            BlockwiseRun run = new(request with { Model = source }, method, model, [.. layers.Except(dense)], checkpoint, ranks,
                progress, cancellation);
            masks = run.Prune(calibration.Sequences);
            if (run.StarvedExperts > 0) warn?.Invoke(Starved(run.StarvedExperts, request));
            if (method.ChangesWeights) checkpoint?.WriteModel(source, masks, RunModelFolder.PathOf(request.Out), cancellation);
        }
        RunDensity kept = RunDensity.Of(all, masks, dense);
        RunRecord record = PruneRecord.Create(request, options, inputs, masks, kept, calibration, watch.Elapsed.TotalSeconds);
        if (folder is null) return record;
        CheckpointMasks.Write(folder.MaskPath, masks, source);
        PruneCard.Write(folder.CardPath, request, KindDensity.Of(all, masks), kept);
        // A folder with a record is complete.
        record.Write(folder.RecordPath);
        folder.RemoveCheckpoint();
        return record;

        IReadOnlyList<LinearLayer> Choose()
        {
            IReadOnlyList<LinearLayer> chosen = DenseLayers.Choose(model, method, layers, calibration?.Sequences ?? [], request.DenseShare,
                progress, cancellation);
            if (DenseLayers.Warning(request.DenseShare, layers, chosen) is { } nothing) warn?.Invoke(nothing);
            return chosen;
        }
    }

    private static void RequireRanks(PruneRequest request, Ranks ranks)
    {
        RankAgreement.Require(ranks, PruneRecord.Asked(request), "option");
        if (request.Permute)
            throw new ArgumentException("`Permute` searches in one process; permute the model first, or prune without mpirun.");
        if (request.How is { Name: MagnitudeMethod, Solves: false })
            throw new ArgumentException($"`Method` {MagnitudeMethod} looks at no sequences that ranks could split; prune without mpirun.");
    }

    private static string Starved(int experts, PruneRequest request) => FormattableString.Invariant(
        $"{experts} {(experts == 1 ? "expert was" : "experts were")} reached by fewer than {request.MinExpertTokens} tokens of the data ")
        + "and looked at with all that their blocks see; more `Samples` avoid that, or a lower `MinExpertTokens`.";

    // What can be refused is refused before an earlier run is replaced.
    private static string Permuted(PruneRequest request, RunFolder folder, IProgress<Progress>? progress, Action<string>? warn,
        CancellationToken cancellation)
    {
        string path = PermutedModel.PathOf(request.Out);
        if (PermutedModel.IsThere(folder, request.Resume)) return path;
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder model = Checkpoint.Load(request.Model, keepBFloat16: true);
        LayerSelection.Select(model, request.Pattern, request.Skip);
        Calibration calibration = CalibrationData.Read(request, model.Config, progress, cancellation);
        PermuteRequest permutation = new()
        {
            Model = request.Model,
            Data = request.Data!,
            Out = path,
            Pattern = request.Pattern,
            Samples = request.Samples,
            SequenceLength = request.SequenceLength,
            Seed = request.Seed,
        };
        PermutedModel.Make(folder, model, permutation, calibration, progress, warn, cancellation);
        return path;
    }

    private static OrderedDictionary<string, Mask> Prune(
        IReadOnlyList<LinearLayer> layers, PruneRequest request, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        int done = 0;
        return Magnitude.Masks(layers, request.Pattern, layer =>
        {
            progress?.Report(new Progress($"pruning by {request.Method}", ++done, layers.Count, layer.Name));
            cancellation.ThrowIfCancellationRequested();
        });
    }

    private static void RequireMethod(PruneRequest request)
    {
        if (!Methods.Contains(request.Method, StringComparer.Ordinal))
            throw new ArgumentException($"`Method` {request.Method} is not known; known: {string.Join(", ", Methods)}.");
        if (request.UpdateWeights == WeightUpdate.Own && (request.Mask is not null || request.Method != SparseGptMethod))
            throw new ArgumentException($"`UpdateWeights` own belongs to `Method` {SparseGptMethod}; take exact.");
        if (request.Mask is not null && request.UpdateWeights != WeightUpdate.Exact)
            throw new ArgumentException($"`Mask` {request.Mask}: pruning by a mask is to solve for the weights that stay; add "
                + $"`UpdateWeights`, or make the masked checkpoint with `maskllm apply`.");
        if (request.Mask is not null && request.Method != AdmmMethod)
            throw new ArgumentException($"`Method` {request.Method}: the masks are those of `Mask` {request.Mask}, and no method chooses "
                + $"others; leave one of them out.");
        OptionRanges.DenseShare.Require(request.DenseShare);
        OptionRanges.MinExpertTokens.Require(request.MinExpertTokens);
        if (request is { Permute: true, Mask: { } own })
            throw new ArgumentException($"`Mask` {own}: it is of the order that the channels have, which `Permute` changes; leave one of "
                + $"them out.");
        if (request is { Permute: true, Stream: true })
            throw new ArgumentException("`Permute` looks at the whole model in memory, and `Stream` at one block; leave one of them "
                + "out, or prune a model that is permuted.");
        if (request is { Permute: true, Data: null })
            throw new ArgumentException("`Permute` looks at activations; give it text or token ids with `Data`.");
        if (request.HiddenMemoryBytes < 0)
            throw new ArgumentException($"`HiddenMemoryBytes` is {request.HiddenMemoryBytes}; 0 or more is needed.");
    }

    // `Force` would replace the checkpoint's own README.md.
    private static void RequireOwnFolder(PruneRequest request)
    {
        if (FileIdentity.AreSame(request.Out, request.Model))
            throw new ArgumentException($"`Out` {request.Out}: the model's own folder; name another.");
    }
}
