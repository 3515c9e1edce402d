using System.Diagnostics;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>From a checkpoint to one-shot masks of the linear layers of its blocks, in a run's folder.</summary>
public static class PruneRun
{
    internal const string MagnitudeMethod = "magnitude", WandaMethod = "wanda", RiaMethod = "ria", SparseGptMethod = "sparsegpt";

    /// <summary>The methods by their names on the command line.</summary>
    public static IReadOnlyList<string> Methods { get; } = [MagnitudeMethod, WandaMethod, RiaMethod, SparseGptMethod];

    /// <summary>Prunes and writes <c>mask.npz</c>, <c>README.md</c> and <c>run.json</c>; the folder is not touched before the masks are there.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every layer.</param>
    /// <param name="cancellation">Stops between layers; nothing is written then.</param>
    /// <returns>The run's record, as in <c>run.json</c>.</returns>
    /// <exception cref="ArgumentException">Method, options or folder make no sense.</exception>
    /// <exception cref="InvalidDataException">The model is broken.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static RunRecord Execute(PruneRequest request, IProgress<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireMethod(request.Method);
        RequireOwnFolder(request);
        RunFolder folder = RunFolder.Open(request.Out, request.Force, resume: false);
        progress?.Report(new RunProgress("loading the model", 0, 1));
        using Decoder model = Checkpoint.Load(request.Model, keepBFloat16: true);
        IReadOnlyList<LinearLayer> layers = LayerSelection.Select(model, request.Pattern, request.Skip);
        IReadOnlyList<int[]>? calibration = request.Method == MagnitudeMethod ? null : CalibrationData.Read(request, model.Config, progress, cancellation);
        Stopwatch watch = Stopwatch.StartNew();
        IReadOnlyDictionary<string, Mask> masks = calibration is null
            ? Prune(layers, request, progress, cancellation) : Prune(model, layers, calibration, request, progress, cancellation);
        IReadOnlyList<KindDensity> densities = KindDensity.Of(model, masks);
        RunRecord record = PruneRecord.Create(request, masks, calibration?.Sum(sequence => (long)sequence.Length) ?? 0, watch.Elapsed.TotalSeconds);
        folder.Create();
        MaskNpz.Write(folder.MaskPath, masks);
        PruneCard.Write(folder.CardPath, request, densities);
        // Last: a folder with a record is complete.
        record.Write(folder.RecordPath);
        return record;
    }

    private static OrderedDictionary<string, Mask> Prune(
        IReadOnlyList<LinearLayer> layers, PruneRequest request, IProgress<RunProgress>? progress, CancellationToken cancellation)
    {
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        foreach (LinearLayer layer in layers)
        {
            cancellation.ThrowIfCancellationRequested();
            masks.Add(layer.Name, Magnitude.Prune(layer.Weight, request.Pattern));
            progress?.Report(new RunProgress($"pruning by {request.Method}", masks.Count, layers.Count, layer.Name));
        }
        return masks;
    }

    private static OrderedDictionary<string, Mask> Prune(
        Decoder model, IReadOnlyList<LinearLayer> layers, IReadOnlyList<int[]> calibration, PruneRequest request, IProgress<RunProgress>? progress, CancellationToken cancellation)
    {
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        progress?.Report(new RunProgress($"pruning by {request.Method}", 0, layers.Count));
        new BlockwisePruner(model, request.Method, request.Pattern, updateWeights: false, layers).Run(calibration, (layer, mask, _) =>
        {
            masks.Add(layer.Name, mask);
            progress?.Report(new RunProgress($"pruning by {request.Method}", masks.Count, layers.Count, layer.Name));
        }, cancellation);
        return masks;
    }

    private static void RequireMethod(string method)
    {
        if (!Methods.Contains(method, StringComparer.Ordinal))
            throw new ArgumentException($"--method {method} is not known; known: {string.Join(", ", Methods)}.");
    }

    // --force would replace the checkpoint's own README.md.
    private static void RequireOwnFolder(PruneRequest request)
    {
        static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Full(request.Out) == Full(request.Model)) throw new ArgumentException($"--out {request.Out}: the model's own folder; name another.");
    }
}
