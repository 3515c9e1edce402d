using MaskLlm.Formats.Safetensors;
using MaskLlm.Numerals;

namespace MaskLlm.Runs;

/// <summary>The number of steps that a checkpoint was written after, in its header.</summary>
internal static class CheckpointStep
{
    internal const string Key = "step";

    /// <exception cref="InvalidDataException">The header has none.</exception>
    internal static long Read(SafetensorsFile file)
    {
        if (file.Metadata.TryGetValue(Key, out string? text) && NumberText.TryDigits(text, out long step)) return step;
        throw new InvalidDataException(
            $"{file.Path}: its header has no {Key} that is a whole number; it is no checkpoint of such a run, or a damaged one.");
    }
}
