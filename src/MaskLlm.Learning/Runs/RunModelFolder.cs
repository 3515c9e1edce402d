using MaskLlm.Formats;

namespace MaskLlm.Runs;

/// <summary>The checkpoint that some runs put beside their masks, in OUT/model.</summary>
internal static class RunModelFolder
{
    /// <summary>Where it is.</summary>
    internal static string PathOf(string outFolder) => Path.Combine(outFolder, "model");

    /// <summary>Said before the work, not after it: whether the run may write there, or leave there what it does not write.</summary>
    /// <param name="outFolder">The run's folder.</param>
    /// <param name="model">The checkpoint that the run reads.</param>
    /// <param name="writes">The property that makes the run write a model, in backticks; null where it writes none.</param>
    /// <param name="options">The property that would make it write one.</param>
    /// <exception cref="ArgumentException">It may not.</exception>
    internal static void Require(string outFolder, string model, string? writes, string options)
    {
        string target = PathOf(outFolder);
        bool isModel = FileIdentity.AreSame(target, model);
        if (writes is not null)
        {
            if (isModel)
                throw new ArgumentException(
                $"`Out` {outFolder}: with {writes} a model goes to {target}, which is the model itself; name another folder.");
            if (File.Exists(target))
                throw new ArgumentException(
                $"`Out` {outFolder}: with {writes} a model goes to {target}, and a file is there; name another folder.");
            StagedFolder.Require(target, force: true, model);
        }
        // An older checkpoint is never left beside a mask that is not its own.
        else if (!isModel && File.Exists(Path.Combine(target, CheckpointFiles.ConfigName)))
        {
            throw new ArgumentException($"`Out` {outFolder}: {target} holds the model of an earlier run, which this one without " +
                $"{options} does not replace; remove it, or name another folder.");
        }
    }
}
