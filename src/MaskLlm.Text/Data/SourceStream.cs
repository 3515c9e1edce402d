using ICSharpCode.SharpZipLib;
using ZstdSharp;

namespace MaskLlm.Data;

/// <summary>The uncompressed bytes of one file, with errors that name it.</summary>
internal sealed class SourceStream(string path, Stream file, Stream content) : IDisposable
{
    // What text or ids can compress by, with room; a file beyond both is made to fill a memory or a disk.
    private const long AlwaysUnpacked = 1 << 28, LargestRatio = 500;

    // Of a pipe only what came through it so far is known.
    private readonly long? _length = file.CanSeek ? file.Length : null;
    private long _unpacked;

    /// <summary>The file, for messages.</summary>
    public string Path => path;

    /// <summary>Bytes read from disk so far.</summary>
    public long BytesOnDisk => file.CanSeek || file is PipeStream ? file.Position : 0;

    private long Bytes => _length ?? file.Position;

    /// <summary>Fills the whole buffer unless the file ends first.</summary>
    /// <returns>Bytes read; fewer than the buffer takes only at the end.</returns>
    /// <exception cref="InvalidDataException">The compressed data are damaged or end early.</exception>
    public int Fill(Span<byte> buffer)
    {
        try
        {
            int read = content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            _unpacked += read;
            RequireModestSize();
            return read;
        }
        // SharpZipLib reads tables of damaged data as they are, and runs out of its own arrays.
        catch (Exception e) when (e is SharpZipBaseException or ZstdException or EndOfStreamException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"{path}: the compressed data are damaged or cut short at about byte " +
                $"{BytesOnDisk}{(file.CanSeek ? $" of {file.Length}" : "")}. Make the file again.", e);
        }
    }

    private void RequireModestSize()
    {
        if (content == file || _unpacked <= AlwaysUnpacked || _unpacked <= Bytes * LargestRatio) return;
        throw new InvalidDataException(
            $"{path}: its {Bytes} bytes unpack to more than {LargestRatio} times as many, as no text does; unpack it first where it is "
                + $"meant so.");
    }

    public void Dispose()
    {
        content.Dispose();
        file.Dispose();
    }
}
