using System.Diagnostics;
using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Permutations;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>From a checkpoint to one that computes the same, up to rounding, with its channels in an order that N:M costs less
/// in.</summary>
public static class PermuteRun
{
    /// <summary>Searches, and writes a checkpoint of the same files, tensors, types and shapes with <c>run.json</c> beside them.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every sequence, round of the search and row that is written.</param>
    /// <param name="warn">Told, in one sentence, of calibration that repeats or is short, and of an order that is left.</param>
    /// <param name="cancellation">Stops between these; nothing is left then.</param>
    /// <returns>The run's record, as in <c>run.json</c>.</returns>
    /// <exception cref="ArgumentException">Options or folder make no sense, or the pattern fits no part of the model.</exception>
    /// <exception cref="InvalidDataException">The model or the data are broken.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights, or their scores, do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static RunRecord Execute(PermuteRequest request, IProgress<Progress>? progress = null, Action<string>? warn = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentException.ThrowIfNullOrEmpty(request.Out);
        StagedFolder.Require(request.Out, request.Force, request.Model);
        RequireNoData(request);
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder model = Checkpoint.Load(request.Model, keepBFloat16: true);
        RequireOrders(model.Config, request, null);
        Calibration calibration = CalibrationData.Read(request.Calibration, model.Config, progress, cancellation);
        if (CalibrationCount.Of(calibration.Sequences).Warning(request.Samples, "fewer `Samples`") is { } warning) warn?.Invoke(warning);
        return Permute(model, request, calibration, () => { }, progress, warn, cancellation);
    }

    /// <summary>The same of a model that is loaded, by sequences that are drawn.</summary>
    /// <param name="model">The request's.</param>
    /// <param name="request">What to do.</param>
    /// <param name="calibration">What to look at.</param>
    /// <param name="begin">Called when the order is found, before anything is written.</param>
    /// <param name="progress">As of <see cref="Execute"/>.</param>
    /// <param name="warn">As of <see cref="Execute"/>.</param>
    /// <param name="cancellation">As of <see cref="Execute"/>.</param>
    internal static RunRecord Permute(Decoder model, PermuteRequest request, Calibration calibration, Action begin,
        IProgress<Progress>? progress, Action<string>? warn, CancellationToken cancellation)
    {
        RequireOrders(model.Config, request, warn);
        Stopwatch watch = Stopwatch.StartNew();
        using InputSquares squares = InputSquares.Of(model, calibration.Sequences, progress, cancellation);
        using ChannelSearch search = new(model, squares.ByName, request.Pattern, request.Seed, TorchSharp.torch.get_num_threads());
        (ChannelOrders orders, IReadOnlyList<KeptShare> kept) = search.Run(progress, cancellation);
        RunRecord record = PermuteRecord.Create(request, calibration, kept, watch.Elapsed.TotalSeconds);
        begin();
        using StagedFolder staged = StagedFolder.Create(request.Out, request.Force, request.Model);
        PermutedCheckpoint.Write(request.Model, orders.ByTensor(), staged, progress, cancellation);
        staged.Fill(() => record.Write(staged.File(PermuteRecord.FileName)));
        staged.Commit();
        return record;
    }

    private static void RequireNoData(PermuteRequest request)
    {
        if (Directory.Exists(request.Out) && request.Data.Files()
            .FirstOrDefault(file => FileIdentity.AreSame(Path.GetDirectoryName(FileIdentity.Full(file))!, request.Out)) is { } data)
            throw new ArgumentException($"`Data` {data}: a file in `Out`, whose files are replaced; name another folder.");
    }

    private static void RequireOrders(DecoderConfig config, PermuteRequest request, Action<string>? warn)
    {
        IReadOnlyList<string> left = ChannelSearch.Left(config, request.Pattern);
        if (ChannelSearch.LeavesAll(config, request.Pattern))
            throw new ArgumentException($"`Pattern` {request.Pattern}: the model has no channels to order by it: {left[0]}");
        foreach (string sentence in left) warn?.Invoke(sentence);
    }
}
