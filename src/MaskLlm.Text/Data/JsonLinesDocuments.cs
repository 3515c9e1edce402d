using System.Text.Json;
using System.Text.Unicode;

namespace MaskLlm.Data;

/// <summary>Reads the <c>text</c> of each line of a <c>.jsonl</c> file; blank lines are passed over.</summary>
internal sealed class JsonLinesDocuments
{
    private const int LongestLineBytes = 1 << 28;
    private readonly SourceStream _source;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _ended;
    private long _line;

    private JsonLinesDocuments(SourceStream source) => _source = source;

    /// <summary>One document a line.</summary>
    /// <exception cref="InvalidDataException">A line is no JSON object with a <c>text</c>; the message names file and line.</exception>
    public static IEnumerable<TextPiece> Read(SourceStream source, int limitChars) => new JsonLinesDocuments(source).Read(limitChars);

    private IEnumerable<TextPiece> Read(int limitChars)
    {
        while (NextLine() is ReadOnlyMemory<byte> line)
        {
            _line++;
            if (_line == 1 && line.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
                line = line[3..];
            if (line.Span.Trim(" \t\r"u8).IsEmpty)
                continue;
            foreach (TextPiece piece in DocumentPieces.Split(_source.Path, TextOf(line), limitChars))
                yield return piece;
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
        int added = _source.Fill(_buffer.AsSpan(_end, free));
        _ended = added < free;
        _end += added;
    }

    private void Grow()
    {
        if (_buffer.Length >= LongestLineBytes)
            throw new InvalidDataException(
                $"{_source.Path}: line {_line + 1}: longer than {LongestLineBytes} bytes; wanted one document a line.");
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }

    private string TextOf(ReadOnlyMemory<byte> line)
    {
        if (!Utf8.IsValid(line.Span))
            throw Bad("the line is no UTF-8");
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw Bad($"found a JSON {json.RootElement.ValueKind}; wanted an object with a \"text\"");
            if (!json.RootElement.TryGetProperty("text", out JsonElement text))
                throw Bad("the object has no \"text\"; wanted {\"text\": \"...\"}");
            return text.ValueKind == JsonValueKind.String ? text.GetString()!
                : throw Bad($"\"text\" is a JSON {text.ValueKind}; wanted a string");
        }
        catch (JsonException e)
        {
            throw Bad($"the line is no JSON, at byte {e.BytePositionInLine}; wanted one object a line", e);
        }
        catch (InvalidOperationException e)
        {
            throw Bad("\"text\" holds half a surrogate pair, which no text can be", e);
        }
    }

    private InvalidDataException Bad(string what, Exception? inner = null) => new($"{_source.Path}: line {_line}: {what}.", inner);
}
