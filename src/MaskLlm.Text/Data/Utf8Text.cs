using System.Buffers;
using System.Text.Unicode;

namespace MaskLlm.Data;

/// <summary>Decodes a file's bytes strictly: nothing is replaced, no newline translated; only a byte order mark at the start is
/// dropped.</summary>
internal sealed class Utf8Text(SourceStream source)
{
    private readonly byte[] _bytes = new byte[1 << 16];
    private int _count; // bytes waiting in the buffer
    private long _offset; // of the first of them in the file
    private bool _started;
    private bool _ended;

    /// <summary>Reads some characters.</summary>
    /// <param name="destination">At least two characters long, since some take two.</param>
    /// <returns>Characters read; 0 only at the end.</returns>
    /// <exception cref="InvalidDataException">The bytes are no UTF-8; the message names file and offset.</exception>
    public int Read(Span<char> destination)
    {
        while (true)
        {
            Refill();
            OperationStatus status = Utf8.ToUtf16(_bytes.AsSpan(0, _count), destination, out int read, out int written,
                replaceInvalidSequences: false, isFinalBlock: _ended);
            if (status == OperationStatus.InvalidData)
                throw NotUtf8(_offset + read, _bytes[read]);
            Drop(read);
            if (written > 0 || (_ended && _count == 0))
                return written;
        }
    }

    private void Refill()
    {
        if (_ended)
            return;
        Span<byte> free = _bytes.AsSpan(_count);
        int added = source.Fill(free);
        _ended = added < free.Length;
        _count += added;
        if (!_started && _bytes.AsSpan(0, _count).StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            Drop(3);
        _started = true;
    }

    private void Drop(int bytes)
    {
        _bytes.AsSpan(bytes, _count - bytes).CopyTo(_bytes);
        _count -= bytes;
        _offset += bytes;
    }

    private InvalidDataException NotUtf8(long offset, byte value) => new(
        $"{source.Path}: no UTF-8 at byte {offset} of the text (0x{value:X2}). Convert the file to UTF-8, or leave it out.");
}
