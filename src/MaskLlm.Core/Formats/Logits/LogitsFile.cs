using System.Runtime.InteropServices;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Patterns;

namespace MaskLlm.Formats.Logits;

/// <summary>The scores of candidates that learning with <c>SaveLogits</c> leaves: a tensor (groups, candidates) float32 under each weight's
/// name.</summary>
internal sealed class LogitsFile : IDisposable
{
    private readonly SafetensorsFile _file;

    private LogitsFile(SafetensorsFile file)
    {
        _file = file;
        Pattern = ReadPattern(file);
        foreach (TensorEntry entry in file.InFileOrder) Require(entry);
        if (file.InFileOrder.Count == 0)
            throw new InvalidDataException($"{Path} holds no logits; name what learning with `SaveLogits` wrote.");
    }

    /// <summary>The path as it was given.</summary>
    internal string Path => _file.Path;

    /// <summary>N:M of all layers.</summary>
    internal NmPattern Pattern { get; }

    /// <summary>The names of the weights, in the order of the file.</summary>
    internal IEnumerable<string> Names => _file.InFileOrder.Select(entry => entry.Name);

    /// <summary>Opens a file and checks it; the caller disposes it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or holds no logits.</exception>
    internal static LogitsFile Open(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            // Earlier versions wrote none, and what they learned is worth hours.
            if (file.Metadata.ContainsKey(SafetensorsChecksum.Key)) file.RequireChecksum("copy it again, or merge the masks of the runs");
            return new LogitsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Groups of a weight; null where the file has no logits of it.</summary>
    internal int? GroupsOf(string name) => _file.Tensors.TryGetValue(name, out TensorEntry? entry) ? (int)entry.Shape[0] : null;

    /// <summary>The scores of some groups, (groups, C) row-major; valid until this file is disposed.</summary>
    internal ReadOnlySpan<float> Read(string name, int firstGroup, int groups)
    {
        int groupBytes = Pattern.CandidateCount * sizeof(float);
        return MemoryMarshal.Cast<byte, float>(_file.Bytes(_file.Tensors[name], (long)firstGroup * groupBytes, groups * groupBytes));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static NmPattern ReadPattern(SafetensorsFile file)
    {
        const string Remedy = "name what learning with `SaveLogits` wrote";
        if (!file.Metadata.TryGetValue("pattern", out string? text))
            throw new InvalidDataException($"{file.Path} holds no logits: its header names no pattern; {Remedy}.");
        try
        {
            NmPattern pattern = NmPattern.Parse(text);
            if (file.Metadata.ContainsKey("parametrization"))
                throw new InvalidDataException(
                    $"{file.Path}: logits of items; only those of candidates are added up. Merge the masks of the runs.");
            return pattern;
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{file.Path}: the header's pattern is damaged: {e.Message}", e);
        }
    }

    private void Require(TensorEntry entry)
    {
        bool fits = entry.Type == TensorType.Float32 && entry.Shape.Count == 2
            && entry.Shape[0] > 0 && entry.Shape[0] <= Array.MaxLength / Pattern.GroupSize && entry.Shape[1] == Pattern.CandidateCount;
        if (!fits)
            throw new InvalidDataException(
                $"{Path}: {entry.Name} is {entry.Type.Spelling()} of shape ({string.Join(", ", entry.Shape)}); logits of pattern "
                    + $"{Pattern} are F32 of shape (groups, {Pattern.CandidateCount}). Name what learning with `SaveLogits` wrote.");
    }
}
