using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MaskLlm.Formats;

/// <summary>
/// The bytes of a file: read from the disk a slice at a time, or all of them in this process's own memory. Mapped only where that is
/// asked for: where another program cuts a mapped file short, the system ends whoever looks at it, and no program can say a word.
/// </summary>
internal sealed unsafe class FileBytes : IDisposable
{
    // Weights are computed with where they lie.
    private const int Alignment = 64;
    private const int ReadBytes = 1 << 24;

    private readonly string _path;
    private SafeFileHandle? _file;
    private MemoryMappedViewAccessor? _view;
    private byte* _start;

    private FileBytes(string path, long length) => (_path, Length) = (path, length);

    /// <summary>The bytes in the file.</summary>
    internal long Length { get; }

    /// <summary>Opens a file.</summary>
    internal static FileBytes Open(string path)
    {
        // A pipe would hold everything up until somebody writes to it.
        if (FileIdentity.Of(path) is { IsRegular: false }) throw new InvalidDataException($"{path} is a pipe or a device; name a file.");
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        return new FileBytes(path, RandomAccess.GetLength(file)) { _file = file };
    }

    /// <summary>Takes what is written into memory, as if it were the bytes of a file.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="length">How many bytes are written.</param>
    /// <param name="write">Writes them to the stream, which can seek.</param>
    internal static FileBytes Collect(string name, long length, Action<Stream> write)
    {
        FileBytes bytes = new(name, length);
        try
        {
            bytes.Allocate();
            using UnmanagedMemoryStream stream = new(bytes._start, length, length, FileAccess.ReadWrite);
            write(stream);
            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Reads all into memory and lets go of the file: what happens to it then is nothing to this object.</summary>
    /// <exception cref="InvalidDataException">The file was cut short meanwhile.</exception>
    internal void Load()
    {
        if (_start != null) return;
        Allocate();
        for (long at = 0; at < Length; at += ReadBytes)
            ReadFile(at, new Span<byte>(_start + at, (int)Math.Min(ReadBytes, Length - at)));
        _file!.Dispose();
        _file = null;
    }

    /// <summary>Has all of it where memory is, read when it is looked at, in pages that the system takes back at need.</summary>
    internal void Map()
    {
        if (_start != null || Length == 0) return;
        using (MemoryMappedFile mapped = MemoryMappedFile.CreateFromFile(
            _file!, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false))
            _view = mapped.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        _file = null;
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
    }

    /// <summary>A part of the file; valid until this object is disposed.</summary>
    /// <exception cref="InvalidDataException">The file was cut short meanwhile.</exception>
    internal ReadOnlySpan<byte> Slice(long offset, int length)
    {
        RequirePart(offset, length);
        if (_start != null) return new ReadOnlySpan<byte>(_start + offset, length);
        byte[] slice = GC.AllocateUninitializedArray<byte>(length);
        ReadFile(offset, slice);
        return slice;
    }

    /// <summary>Copies a part of the file.</summary>
    /// <exception cref="InvalidDataException">The file was cut short meanwhile.</exception>
    internal void Read(long offset, Span<byte> target)
    {
        RequirePart(offset, target.Length);
        if (_start != null) new ReadOnlySpan<byte>(_start + offset, target.Length).CopyTo(target);
        else ReadFile(offset, target);
    }

    /// <summary>Where a part of the file lies, however long it is; valid until this object is disposed.</summary>
    /// <exception cref="InvalidOperationException">The file is not in memory.</exception>
    internal byte* Pointer(long offset, long length)
    {
        RequirePart(offset, length);
        return _start != null ? _start + offset : throw new InvalidOperationException($"{_path} is not in memory.");
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }
        else if (_start != null) NativeMemory.AlignedFree(_start);
        _view = null;
        _start = null;
    }

    private void Allocate() => _start = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, Length), Alignment);

    private void RequirePart(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_file is null && _start == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
    }

    private void ReadFile(long offset, Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            int count = RandomAccess.Read(_file!, target, offset);
            if (count == 0)
                throw new InvalidDataException($"{_path}: the file had {Length} bytes when it was opened and now ends at byte " +
                    $"{offset}; another program writes it. Start again when that is done.");
            target = target[count..];
            offset += count;
        }
    }
}
