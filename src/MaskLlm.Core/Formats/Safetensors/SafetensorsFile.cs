namespace MaskLlm.Formats.Safetensors;

/// <summary>One safetensors file: the header is checked when it is opened, tensors are read when they are asked for.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly FileBytes _file;
    private readonly OrderedDictionary<string, TensorEntry> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(string path, FileBytes file)
    {
        Path = path;
        _file = file;
        SafetensorsHeader header = SafetensorsHeader.Read(path, file);
        Metadata = header.Metadata;
        HeaderBytes = header.Bytes;
        InFileOrder = header.Tensors;
        foreach (TensorEntry entry in header.Tensors) _tensors.Add(entry.Name, entry);
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>The tensors by name; enumerating gives them in the order of their bytes.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => _tensors;

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> InFileOrder { get; }

    /// <summary>The file's <c>__metadata__</c>; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Bytes of the whole file.</summary>
    internal long Length => _file.Length;

    private int HeaderBytes { get; }

    /// <summary>Opens a file and checks its header; the caller disposes it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut off or is no safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.", path);
        if (FileIdentity.LengthOf(path) == 0)
            throw new InvalidDataException($"{path} is not a whole safetensors file: it is empty; download or save it again.");
        return Of(path, FileBytes.Open(path));
    }

    /// <summary>
    /// Opens a file that this program wrote for itself, and holds all of it against its checksum; the caller disposes it.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">What to do with a damaged one, the end of a sentence.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or has no checksum.</exception>
    internal static SafetensorsFile OpenChecked(string path, string remedy)
    {
        SafetensorsFile file = Open(path);
        try
        {
            file.RequireChecksum(remedy);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The same over bytes that are read already, which this object disposes.</summary>
    /// <param name="path">What messages call it.</param>
    /// <param name="bytes">A whole file.</param>
    internal static SafetensorsFile Of(string path, FileBytes bytes)
    {
        try
        {
            return new SafetensorsFile(path, bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Reads the whole file into memory and lets go of it.</summary>
    internal void Load() => _file.Load();

    /// <summary>Maps the whole file, which must stay as it is.</summary>
    internal void Map() => _file.Map();

    /// <summary>Holds the whole file against its checksum.</summary>
    /// <param name="remedy">What to do with a damaged one, the end of a sentence.</param>
    /// <exception cref="InvalidDataException">It does not match, or there is none.</exception>
    internal void RequireChecksum(string remedy) => SafetensorsChecksum.Require(Path, _file, HeaderBytes, Metadata, remedy);

    /// <summary>The bytes of a whole tensor under 2 GB, little-endian and row-major; valid until this file is disposed.</summary>
    /// <param name="tensor">An entry of this file.</param>
    /// <exception cref="ArgumentException">The tensor has 2 GB or more: read it in slices.</exception>
    public ReadOnlySpan<byte> Bytes(TensorEntry tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.ByteLength > int.MaxValue)
            throw new ArgumentException($"{Path}: tensor '{tensor.Name}' has {tensor.ByteLength} bytes and at most {int.MaxValue} can be "
                + $"read at once; read it in slices.");
        return Bytes(tensor, 0, (int)tensor.ByteLength);
    }

    /// <summary>A slice of a tensor's bytes; valid until this file is disposed.</summary>
    /// <param name="tensor">An entry of this file.</param>
    /// <param name="offset">The first byte, counted from the start of the tensor.</param>
    /// <param name="length">The bytes wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The slice leaves the tensor.</exception>
    public ReadOnlySpan<byte> Bytes(TensorEntry tensor, long offset, int length)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - length);
        return _file.Slice(tensor.Offset + offset, length);
    }

    /// <summary>Copies a slice of a tensor's bytes.</summary>
    internal void Read(TensorEntry tensor, long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - target.Length);
        _file.Read(tensor.Offset + offset, target);
    }

    /// <summary>Where a tensor of a loaded file lies in memory; valid until this file is disposed.</summary>
    internal unsafe byte* Pointer(TensorEntry tensor) => _file.Pointer(tensor.Offset, tensor.ByteLength);

    /// <summary>Closes the file; spans over it must no longer be used.</summary>
    public void Dispose() => _file.Dispose();
}
