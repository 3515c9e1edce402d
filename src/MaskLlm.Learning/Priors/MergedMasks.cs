using MaskLlm.Architectures;
using MaskLlm.Evaluation;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>Masks of the same layers in one pattern, checked before they vote.</summary>
/// <param name="Pattern">The tightest N:M that every mask of every file has.</param>
/// <param name="Files">Path and masks by the checkpoint's name, in the order given; where shapes are unknown the masks are rows of 8
/// bits.</param>
internal sealed record MergedMasks(NmPattern Pattern, IReadOnlyList<(string Path, IReadOnlyDictionary<string, Mask> Masks)> Files)
{
    /// <summary>Reads mask files.</summary>
    /// <param name="paths">At least two mask files.</param>
    /// <param name="modelFolder">The Hugging Face folder that gives the shapes; null for none.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or its layers, sizes or pattern are not the first one's.</exception>
    internal static MergedMasks Read(IReadOnlyList<string> paths, string? modelFolder)
    {
        List<(string Path, IReadOnlyDictionary<string, Mask> Masks)> files =
            [.. paths.Select(path =>
                (path, modelFolder is null ? KeptWeights.ReadFlat(path).Masks : CheckpointMasks.Read(path, modelFolder)))];
        foreach ((string path, IReadOnlyDictionary<string, Mask> masks) in files)
        {
            if (masks.Count == 0) throw new InvalidDataException($"{path} holds no mask; there is nothing to merge.");
            MergeRun.RequireSameLayers(files[0].Path, files[0].Masks.Keys, path, masks.Keys);
            foreach ((string name, Mask mask) in masks) RequireSameSize(files[0].Path, files[0].Masks[name], path, mask, name);
        }
        return new MergedMasks(PatternOf(files, modelFolder), files);
    }

    private static void RequireSameSize(string firstPath, Mask first, string path, Mask mask, string name)
    {
        if (mask.Packed.Length != first.Packed.Length)
            throw new InvalidDataException(
                $"{path}: the mask of {name} has {mask.Packed.Length} bytes and that of {firstPath} has {first.Packed.Length}; merge "
                    + $"masks of one model.");
    }

    private static NmPattern PatternOf(List<(string Path, IReadOnlyDictionary<string, Mask> Masks)> files, string? modelFolder)
    {
        List<(string Path, string Name, Mask Mask)> all =
            [.. files.SelectMany(file => file.Masks.Select(pair => (file.Path, pair.Key, pair.Value)))];
        foreach (NmPattern pattern in all[0].Mask.PatternsOfFirstGroup())
            if (all.All(one => one.Mask.Has(pattern))) return pattern;
        // All of the first file, or what it has in its first layer, is what the others should have been.
        string remedy = modelFolder is not null ? ""
            : "; name the model with `Model` if its groups are not 2, 4 or 8 wide, or its weights are stored (inputs, outputs), as GPT-2's";
        NmPattern first = all[0].Mask.DetectPattern()
            ?? throw new InvalidDataException($"{all[0].Path}: the mask of {all[0].Name} has no N:M pattern{remedy}.");
        (string path, string name, _) = all.First(one => !one.Mask.Has(first));
        throw new InvalidDataException(
            $"{path}: the mask of {name} is not {first}, as that of {all[0].Name} in {all[0].Path} is; merge masks of one pattern{remedy}.");
    }
}
