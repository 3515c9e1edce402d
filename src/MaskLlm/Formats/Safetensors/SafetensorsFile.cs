using System.IO.MemoryMappedFiles;

namespace MaskLlm.Formats.Safetensors;

/// <summary>One safetensors file, memory-mapped: only what is read enters memory.</summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private SafetensorsFile(string path, List<TensorEntry> tensors, Dictionary<string, string> metadata, MemoryMappedFile map)
    {
        Path = path;
        Tensors = new OrderedDictionary<string, TensorEntry>(tensors.Select(tensor => KeyValuePair.Create(tensor.Name, tensor)), StringComparer.Ordinal);
        Metadata = metadata;
        _map = map;
        _view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>The tensors by name, in the order of their bytes.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The header's text pairs.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidDataException">Truncated, damaged or of another format.</exception>
    /// <exception cref="FileNotFoundException">No such file.</exception>
    public static SafetensorsFile Open(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        (List<TensorEntry> tensors, Dictionary<string, string> metadata) = SafetensorsHeader.Read(path, file);
        return new SafetensorsFile(path, tensors, metadata, MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false));
    }

    /// <summary>All bytes of a tensor below 2 GB; valid until the file is disposed.</summary>
    public ReadOnlySpan<byte> Bytes(TensorEntry tensor) => Bytes(tensor, 0, checked((int)tensor.ByteLength));

    /// <summary>Some bytes of a tensor; valid until the file is disposed.</summary>
    /// <param name="tensor">An entry of this file.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">Outside the tensor.</exception>
    public ReadOnlySpan<byte> Bytes(TensorEntry tensor, long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, tensor.ByteLength);
        return new ReadOnlySpan<byte>(_start + _view.PointerOffset + tensor.Offset + offset, length);
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
