using MaskLlm.Architectures;
using MaskLlm.Formats.Logits;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>Logits of the same layers in one pattern, added up candidate by candidate.</summary>
/// <remarks>
/// The sum of logits and not of probabilities: its largest candidate is the most probable one of the product of the runs'
/// distributions whatever kappa they were sampled with, while probabilities need a kappa that the file does not name.
/// </remarks>
internal sealed class MergedLogits : IDisposable
{
    private const int GroupsAtOnce = 1 << 16;
    private readonly List<LogitsFile> _files = [];

    private MergedLogits()
    {
    }

    internal NmPattern Pattern => _files[0].Pattern;

    /// <summary>The names of the weights, in the order of the first file.</summary>
    internal IEnumerable<string> Names => _files[0].Names;

    /// <summary>Opens the files and checks all but the values; the caller disposes it.</summary>
    /// <param name="paths">At least two files.</param>
    /// <param name="modelFolder">The Hugging Face folder that they belong to; null for unknown.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or its layers, sizes or pattern are not the first one's or the
    /// model's.</exception>
    internal static MergedLogits Open(IReadOnlyList<string> paths, string? modelFolder)
    {
        MergedLogits merged = new();
        try
        {
            foreach (string path in paths) merged.Add(path);
            if (modelFolder is not null) merged.RequireModel(modelFolder);
            return merged;
        }
        catch
        {
            merged.Dispose();
            throw;
        }
    }

    /// <summary>The masks of one weight: each file's most probable one and that of the sum; of equal candidates the first. Rows of M bits,
    /// a group each.</summary>
    /// <exception cref="InvalidDataException">A logit is not finite.</exception>
    internal (IReadOnlyList<Mask> Files, Mask Sum) Masks(string name)
    {
        int groups = _files[0].GroupsOf(name)!.Value, candidates = Pattern.CandidateCount;
        byte[][] kept = [.. Enumerable.Range(0, _files.Count + 1).Select(_ => new byte[groups * Pattern.GroupSize])];
        double[] sum = new double[Math.Min(GroupsAtOnce, groups) * candidates];
        for (int first = 0; first < groups; first += GroupsAtOnce)
        {
            int count = Math.Min(GroupsAtOnce, groups - first);
            Array.Clear(sum);
            for (int file = 0; file < _files.Count; file++)
            {
                ReadOnlySpan<float> logits = Finite(_files[file].Read(name, first, count), _files[file].Path, name);
                for (int i = 0; i < logits.Length; i++) sum[i] += logits[i];
                KeepLargest(logits, kept[file], first);
            }
            KeepLargest<double>(sum.AsSpan(0, count * candidates), kept[^1], first);
        }
        Mask[] masks = [.. kept.Select(bytes => Mask.FromBytes(groups, Pattern.GroupSize, bytes))];
        return (masks[..^1], masks[^1]);
    }

    /// <summary>Unmaps the files.</summary>
    public void Dispose()
    {
        foreach (LogitsFile file in _files) file.Dispose();
    }

    private void Add(string path)
    {
        LogitsFile file = LogitsFile.Open(path);
        _files.Add(file);
        if (file.Pattern != Pattern)
            throw new InvalidDataException(
                $"{path}: logits of pattern {file.Pattern}, and {_files[0].Path} has {Pattern}; merge logits of one pattern.");
        MergeRun.RequireSameLayers(_files[0].Path, Names, path, file.Names);
        foreach (string name in Names)
            if (file.GroupsOf(name) != _files[0].GroupsOf(name))
                throw new InvalidDataException(
                    $"{path}: {name} has {file.GroupsOf(name)} groups and {_files[0].GroupsOf(name)} in {_files[0].Path}; merge logits of "
                        + $"one model.");
    }

    private void RequireModel(string folder)
    {
        IReadOnlyDictionary<string, (int Rows, int Columns)> shapes = CheckpointConfig.LinearShapes(folder);
        foreach (string name in Names)
            if (!shapes.TryGetValue(name, out (int Rows, int Columns) shape) || (long)shape.Rows * shape.Columns != (long)_files[0]
                .GroupsOf(name)!.Value * Pattern.GroupSize)
                throw new InvalidDataException(
                    $"{_files[0].Path}: {name} with {_files[0].GroupsOf(name)} groups of {Pattern.GroupSize} weights is not in {folder}; "
                    + $"name the model that the logits were learned for.");
    }

    private static ReadOnlySpan<float> Finite(ReadOnlySpan<float> logits, string path, string name)
    {
        foreach (float logit in logits)
            if (!float.IsFinite(logit))
                throw new InvalidDataException($"{path}: {name} holds NaN or infinite logits; the file is damaged.");
        return logits;
    }

    private void KeepLargest<T>(ReadOnlySpan<T> scores, byte[] kept, int firstGroup)
        where T : System.Numerics.INumber<T>
    {
        int candidates = Pattern.CandidateCount, size = Pattern.GroupSize;
        ReadOnlySpan<byte> table = Pattern.Candidates;
        for (int group = 0; group * candidates < scores.Length; group++)
        {
            ReadOnlySpan<T> own = scores.Slice(group * candidates, candidates);
            int best = 0;
            for (int i = 1; i < candidates; i++)
                if (own[i] > own[best]) best = i;
            table.Slice(best * size, size).CopyTo(kept.AsSpan((firstGroup + group) * size));
        }
    }
}
