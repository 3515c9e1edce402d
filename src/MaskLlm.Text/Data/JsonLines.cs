namespace MaskLlm.Data;

/// <summary>The lines of a <c>.jsonl</c> file; blank ones are passed over.</summary>
internal sealed class JsonLines(SourceStream source)
{
    private const int LongestLineBytes = 1 << 28;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _ended;
    private long _line;

    /// <summary>Numbers from 1, and bytes that are valid until the next line is asked for.</summary>
    /// <exception cref="InvalidDataException">A line is too long, or the file is damaged.</exception>
    internal IEnumerable<(long Number, ReadOnlyMemory<byte> Bytes)> Read()
    {
        while (NextLine() is ReadOnlyMemory<byte> line)
        {
            _line++;
            if (_line == 1 && line.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
                line = line[3..];
            if (!line.Span.Trim(" \t\r"u8).IsEmpty) yield return (_line, line);
        }
    }

    private ReadOnlyMemory<byte>? NextLine()
    {
        int searched = 0;
        while (true)
        {
            int newline = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (newline >= 0)
                return Take(searched + newline, 1);
            if (_ended)
                return _start < _end ? Take(_end - _start, 0) : default(ReadOnlyMemory<byte>?); // a bare null would become empty memory
            searched = _end - _start;
            ReadMore();
        }
    }

    private ReadOnlyMemory<byte> Take(int length, int newlineLength)
    {
        ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, length);
        _start += length + newlineLength;
        return line;
    }

    private void ReadMore()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
            Grow();
        int free = _buffer.Length - _end;
        int added = source.Fill(_buffer.AsSpan(_end, free));
        _ended = added < free;
        _end += added;
    }

    private void Grow()
    {
        if (_buffer.Length >= LongestLineBytes)
            throw new InvalidDataException(
                $"{source.Path}: line {_line + 1}: longer than {LongestLineBytes} bytes; wanted one document a line.");
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
