using MaskLlm.Architectures;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>Masks of a file that something of one pattern starts from or is set beside.</summary>
internal static class PriorMask
{
    private const string Prior = "`Prior`";

    /// <summary>Reads the masks of a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="modelFolder">Of the model.</param>
    /// <param name="pattern">That all must have.</param>
    /// <param name="option">The property that named the file, in backticks.</param>
    /// <exception cref="ArgumentException">One has another pattern: neither its density nor its groups are those of the other
    /// masks.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or of another model.</exception>
    internal static IReadOnlyDictionary<string, Mask> Read(string path, string modelFolder, NmPattern pattern, string option = Prior)
    {
        IReadOnlyDictionary<string, Mask> masks = CheckpointMasks.Read(path, modelFolder);
        foreach ((string name, Mask mask) in masks) Require(path, name, mask, pattern, option);
        return masks;
    }

    /// <summary>Checks one of them.</summary>
    internal static void Require(string path, string name, Mask mask, NmPattern pattern, string option = Prior)
    {
        if (mask.Has(pattern)) return;
        string found = mask.DetectPattern() is { } other ? $"is {other}"
            : FormattableString.Invariant($"has {mask.ViolationCount(pattern)} groups that are not");
        throw new ArgumentException($"{option} {path}: the mask of {name} {found}, and `Pattern` is {pattern}; name a mask of that "
            + $"pattern, or say which `Pattern` the mask has.");
    }
}
