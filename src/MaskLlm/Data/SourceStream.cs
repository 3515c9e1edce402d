using ICSharpCode.SharpZipLib;
using ZstdSharp;

namespace MaskLlm.Data;

/// <summary>The uncompressed bytes of one file, with errors that name it.</summary>
internal sealed class SourceStream(string path, FileStream file, Stream content) : IDisposable
{
    /// <summary>The file, for messages.</summary>
    public string Path => path;

    /// <summary>Bytes read from disk so far.</summary>
    public long BytesOnDisk => file.CanRead ? file.Position : 0;

    /// <summary>Fills the whole buffer unless the file ends first.</summary>
    /// <returns>Bytes read; fewer than the buffer takes only at the end.</returns>
    /// <exception cref="InvalidDataException">The compressed data are damaged or end early.</exception>
    public int Fill(Span<byte> buffer)
    {
        try
        {
            return content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is SharpZipBaseException or ZstdException or EndOfStreamException)
        {
            throw new InvalidDataException($"{path}: the compressed data are damaged or cut short at about byte {BytesOnDisk} of {file.Length}. Make the file again.", e);
        }
    }

    public void Dispose()
    {
        content.Dispose();
        file.Dispose();
    }
}
