using MaskLlm.Formats;
using MaskLlm.Machine;
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
    internal static void Require(string outFolder, string model, bool permutes)
    {
        string target = PathOf(outFolder);
        if (permutes) StagedFolder.Require(target, force: true, model);
        else if (File.Exists(Path.Combine(target, CheckpointFiles.ConfigName)) && !FileIdentity.AreSame(target, model))
            throw new ArgumentException($"`Out` {outFolder}: {target} holds the model in the order of an earlier run, which this one "
                + $"without `Permute` does not replace; remove it, or name another folder.");
    }

    /// <summary>Makes it, but where a run goes on that began with it.</summary>
    /// <param name="folder">Of the run.</param>
    /// <param name="resume">Whether the run goes on.</param>
    /// <param name="request">Its folder is set here.</param>
    /// <param name="progress">Told of the search.</param>
    /// <param name="warn">Told, in one sentence, of an order that is left.</param>
    /// <param name="cancellation">Stops it; nothing is left then.</param>
    /// <returns>Its path.</returns>
    internal static string Make(RunFolder folder, bool resume, PermuteRequest request, IProgress<Progress>? progress, Action<string>? warn,
        CancellationToken cancellation)
    {
        string path = PathOf(folder.Path);
        if (resume && folder.HasCheckpoint && File.Exists(Path.Combine(path, PermuteRecord.FileName))) return path;
        folder.Create();
        PermuteRun.Execute(request with { Out = path, Force = true }, progress, warn, cancellation);
        return path;
    }
}
