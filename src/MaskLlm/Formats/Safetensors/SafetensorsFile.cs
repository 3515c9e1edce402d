namespace MaskLlm.Formats.Safetensors;

/// <summary>One safetensors file, mapped into memory: tensors are read where they lie, without a copy.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly OrderedDictionary<string, TensorEntry> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(string path, MappedFile file)
    {
        Path = path;
        _file = file;
        SafetensorsHeader header = SafetensorsHeader.Read(path, file);
        Metadata = header.Metadata;
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

    /// <summary>Opens a file and checks its header; the caller disposes it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut off or is no safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.", path);
        if (new FileInfo(path).Length == 0)
            throw new InvalidDataException($"{path} is not a whole safetensors file: it is empty; download or save it again.");
        var file = new MappedFile(path);
        try
        {
            return new SafetensorsFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The bytes of a whole tensor under 2 GB, little-endian and row-major; valid until this file is disposed.</summary>
    /// <param name="tensor">An entry of this file.</param>
    /// <exception cref="ArgumentException">The tensor has 2 GB or more: read it in slices.</exception>
    public ReadOnlySpan<byte> Bytes(TensorEntry tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.ByteLength > int.MaxValue)
            throw new ArgumentException($"{Path}: tensor '{tensor.Name}' has {tensor.ByteLength} bytes and at most {int.MaxValue} can be read at once; read it in slices.");
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

    /// <summary>Where a tensor lies in memory; valid until this file is disposed.</summary>
    internal unsafe byte* Pointer(TensorEntry tensor) => _file.Pointer(tensor.Offset, tensor.ByteLength);

    /// <summary>Unmaps the file; spans over it must no longer be used.</summary>
    public void Dispose() => _file.Dispose();
}
