namespace MaskLlm.Fuzz;

/// <summary>A folder that holds the files of one input after the other; what is there already is not written again.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly Dictionary<string, byte[]> _held = new(StringComparer.Ordinal);

    internal string Path { get; } = Directory.CreateTempSubdirectory("maskllm-fuzz-").FullName;

    internal void Hold(IEnumerable<(string Name, byte[] Bytes)> files)
    {
        Dictionary<string, byte[]> wanted = files.ToDictionary(file => file.Name, file => file.Bytes, StringComparer.Ordinal);
        foreach (string gone in _held.Keys.Except(wanted.Keys).ToArray())
        {
            File.Delete(System.IO.Path.Combine(Path, gone));
            _held.Remove(gone);
        }
        foreach ((string name, byte[] bytes) in wanted)
        {
            if (_held.TryGetValue(name, out byte[]? there) && ReferenceEquals(there, bytes)) continue;
            File.WriteAllBytes(System.IO.Path.Combine(Path, name), bytes);
            _held[name] = bytes;
        }
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
