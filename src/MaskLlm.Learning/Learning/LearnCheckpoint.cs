using System.Globalization;
using System.Text.Json.Nodes;
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
    /// <summary>Saves the state after <paramref name="step"/> steps; the file is whole or not there.</summary>
    internal static void Save(string path, MaskLearner learner, long step, JsonObject options) => TensorState.SaveChecked(
        path, learner.State,
        new Dictionary<string, string>
        {
            [CheckpointStep.Key] = step.ToString(CultureInfo.InvariantCulture),
            [DecisiveOptions.Key] = options.ToJsonString()
        });

    /// <summary>Loads a state.</summary>
    /// <returns>Steps done.</returns>
    /// <exception cref="ArgumentException">The run was started with other options.</exception>
    /// <exception cref="InvalidDataException">Damaged, or of another model.</exception>
    internal static long Load(string path, MaskLearner learner, JsonObject options)
    {
        using (SafetensorsFile file = SafetensorsFile.OpenChecked(path, TensorState.Remedy(Path.GetDirectoryName(path)!)))
        {
            DecisiveOptions.RequireSame(file, options);
            long step = CheckpointStep.Read(file);
            TensorState.Load(file, learner.State);
            return step;
        }
    }

    /// <summary>Steps done of a state that is not loaded.</summary>
    /// <exception cref="InvalidDataException">Damaged.</exception>
    internal static long StepOf(string path)
    {
        using SafetensorsFile file = SafetensorsFile.OpenChecked(path, TensorState.Remedy(Path.GetDirectoryName(path)!));
        return CheckpointStep.Read(file);
    }
}
