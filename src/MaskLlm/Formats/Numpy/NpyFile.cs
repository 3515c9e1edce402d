using System.Runtime.InteropServices;

namespace MaskLlm.Formats.Numpy;

/// <summary>A <c>.npy</c> file mapped into memory, such as a large file of token ids; elements are read where they lie.</summary>
public sealed class NpyFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly NpyHeader _header;

    private NpyFile(string path, MappedFile file)
    {
        Path = path;
        _file = file;
        _header = NpyHeader.Parse(path, file.Slice(0, (int)Math.Min(file.Length, NpyHeader.LargestBytes)), file.Length);
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>The element type.</summary>
    public NpyType Type => _header.Type;

    /// <summary>The dimensions, row-major; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape => _header.Shape;

    /// <summary>The elements: the product of the shape.</summary>
    public long Count => _header.Count;

    /// <summary>Opens a file and checks its header; the caller disposes it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut off or is no <c>.npy</c> file.</exception>
    /// <exception cref="NotSupportedException">The array is big-endian, in Fortran order or of another type.</exception>
    public static NpyFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.", path);
        if (new FileInfo(path).Length == 0)
            throw new InvalidDataException($"{path} is not a whole .npy array: it is empty; copy or save it again.");
        var file = new MappedFile(path);
        try
        {
            return new NpyFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The bytes of some elements, little-endian; valid until this file is disposed.</summary>
    /// <param name="first">The first element, counted flat from 0.</param>
    /// <param name="count">The elements wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements leave the array, or have 2 GB or more.</exception>
    public ReadOnlySpan<byte> Bytes(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Count - count);
        int width = Type.ByteWidth();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, int.MaxValue / width);
        return _file.Slice(_header.DataOffset + first * width, count * width);
    }

    /// <summary>Some elements; valid until this file is disposed.</summary>
    /// <typeparam name="T">The .NET type of <see cref="Type"/>, such as <see cref="ushort"/> for u2.</typeparam>
    /// <param name="first">The first element, counted flat from 0.</param>
    /// <param name="count">The elements wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements leave the array, or have 2 GB or more.</exception>
    /// <exception cref="ArgumentException">The array holds another type.</exception>
    public ReadOnlySpan<T> Elements<T>(long first, int count)
        where T : unmanaged
    {
        if (Type.Element() != typeof(T))
            throw new ArgumentException($"{Path} holds {Type.Element().Name} and was asked for {typeof(T).Name}.");
        return MemoryMarshal.Cast<byte, T>(Bytes(first, count));
    }

    /// <summary>Unmaps the file; spans over it must no longer be used.</summary>
    public void Dispose() => _file.Dispose();
}
