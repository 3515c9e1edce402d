using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Distributed;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using MaskLlm.Runs;

namespace MaskLlm.Learning;

/// <summary>
/// The state of a learning run on disk: logits, moments, step, and the options that decide the result. Noise and batches are
/// functions of the step, so nothing else is needed to go on bit for bit.
/// </summary>
internal static class LearnCheckpoint
{
    /// <summary>Saves the state after <paramref name="step"/> steps; the file is whole or not there. Of ranks the first writes, all call
    /// it, and the file is that of one process.</summary>
    internal static void Save(string path, MaskLearner learner, long step, JsonObject options) => TensorState.SaveChecked(
        path, learner.State,
        new Dictionary<string, string>
        {
            [CheckpointStep.Key] = step.ToString(CultureInfo.InvariantCulture),
            [DecisiveOptions.Key] = options.ToJsonString()
        }, learner.Ranks);

    /// <summary>Loads a state, however many ranks wrote it. Of ranks the first reads, and all call it.</summary>
    /// <returns>Steps done.</returns>
    /// <exception cref="ArgumentException">The run was started with other options.</exception>
    /// <exception cref="InvalidDataException">Damaged, or of another model.</exception>
    internal static long Load(string path, MaskLearner learner, JsonObject options)
    {
        Ranks ranks = learner.Ranks;
        using SafetensorsFile? file = ranks.IsFirst
            ? SafetensorsFile.OpenChecked(path, TensorState.Remedy(Path.GetDirectoryName(path)!)) : null;
        if (file is not null) DecisiveOptions.RequireSame(file, options);
        long step = file is null ? 0 : CheckpointStep.Read(file);
        step = (long)ranks.OfFirst(step);
        TensorState.Load(file, learner.State, ranks);
        return step;
    }

    /// <summary>Steps done of a state that is not loaded.</summary>
    /// <exception cref="InvalidDataException">Damaged.</exception>
    internal static long StepOf(string path)
    {
        using SafetensorsFile file = SafetensorsFile.OpenChecked(path, TensorState.Remedy(Path.GetDirectoryName(path)!));
        return CheckpointStep.Read(file);
    }
}
