using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>The checkpoint in a new order of channels that a run puts into OUT/permuted before it looks for masks, which are of
/// it.</summary>
internal static class PermutedModel
{
    /// <summary>Of a model card.</summary>
    internal const string Sentence = "The channels were put into another order first. `permuted` is the model in that order, which "
        + "computes the same; the mask is of `permuted` and no mask of the original.\n\n";

    /// <summary>Where it is.</summary>
    internal static string PathOf(string outFolder) => Path.Combine(outFolder, "permuted");

    /// <summary>Said before the work: an older order is never left beside masks of another.</summary>
    /// <exception cref="ArgumentException">It would be.</exception>
    internal static void Require(string outFolder, string model, bool permutes, bool resume)
    {
        string target = PathOf(outFolder);
        if (permutes) StagedFolder.Require(target, force: true, model);
        // A run that goes on is held against its own options.
        else if (!resume && File.Exists(Path.Combine(target, CheckpointFiles.ConfigName)) && !FileIdentity.AreSame(target, model))
            throw new ArgumentException($"`Out` {outFolder}: {target} holds the model in the order of an earlier run, which this one "
                + $"without `Permute` does not replace; remove it, or name another folder.");
    }

    /// <summary>Whether a run that goes on has it already.</summary>
    internal static bool IsThere(RunFolder folder, bool resume) =>
        resume && folder.HasCheckpoint && File.Exists(Path.Combine(PathOf(folder.Path), PermuteRecord.FileName));

    /// <summary>Makes it; the folder is begun when the order is found.</summary>
    /// <param name="folder">Of the run.</param>
    /// <param name="model">Loaded, in its own order.</param>
    /// <param name="request">Its folder is set here.</param>
    /// <param name="calibration">What the search looks at.</param>
    /// <param name="progress">Told of the search.</param>
    /// <param name="warn">Told, in one sentence, of an order that is left.</param>
    /// <param name="cancellation">Stops it; nothing is left then.</param>
    internal static void Make(RunFolder folder, Decoder model, PermuteRequest request, Calibration calibration,
        IProgress<Progress>? progress, Action<string>? warn, CancellationToken cancellation) =>
        PermuteRun.Permute(model, request with { Out = PathOf(folder.Path), Force = true }, calibration, folder.Create, progress, warn,
            cancellation);
}
