namespace MaskLlm.Data;

/// <summary>Reads the documents of a text file in pieces of limited length, so that a file of any size fits.</summary>
internal sealed class TextDocuments
{
    private readonly SourceStream _source;
    private readonly Utf8Text _text;
    private readonly string? _separator;
    private readonly int _limitChars;
    private char[] _buffer = new char[1 << 16];
    private int _start;
    private int _end;
    private bool _ended;

    private TextDocuments(SourceStream source, string? separator, int limitChars)
    {
        _source = source;
        _text = new Utf8Text(source);
        _separator = separator;
        _limitChars = limitChars;
    }

    private ReadOnlySpan<char> Waiting => _buffer.AsSpan(_start, _end - _start);

    private int SeparatorLength => _separator?.Length ?? 0;

    /// <summary>The documents between separators, empty ones left out.</summary>
    /// <param name="source">The file.</param>
    /// <param name="separator">Text between documents, or null: the file is one document.</param>
    /// <param name="limitChars">Longest piece, in characters.</param>
    public static IEnumerable<TextPiece> Read(SourceStream source, string? separator, int limitChars) =>
        new TextDocuments(source, separator, limitChars).Read();

    private IEnumerable<TextPiece> Read()
    {
        bool startsDocument = true;
        while (true)
        {
            int length = NextLength(out bool endsDocument);
            if (length > 0)
                yield return new TextPiece(_source.Path, Take(length), startsDocument);
            startsDocument = endsDocument;
            if (endsDocument)
                _start = Math.Min(_start + SeparatorLength, _end);
            if (_ended && _start == _end)
                yield break;
        }
    }

    /// <summary>Reads on until the next piece is known. Where it ends depends on the text alone, not on how much was read at
    /// once.</summary>
    private int NextLength(out bool endsDocument)
    {
        int searched = 0;
        while (true)
        {
            int found = FindSeparator(searched);
            endsDocument = found >= 0 && found <= _limitChars;
            if (endsDocument)
                return found;
            // A separator that begins before the cut would lie whole in what is waiting: it cannot be cut in two.
            if (found >= 0 || Waiting.Length > _limitChars + SeparatorLength || (_ended && Waiting.Length > _limitChars))
                return DocumentPieces.Cut(Waiting[.._limitChars]);
            endsDocument = _ended;
            if (_ended)
                return Waiting.Length;
            searched = Math.Max(0, Waiting.Length - SeparatorLength);
            ReadMore();
        }
    }

    private int FindSeparator(int from)
    {
        if (_separator is null)
            return -1;
        int found = Waiting[from..].IndexOf(_separator, StringComparison.Ordinal);
        return found < 0 ? -1 : from + found;
    }

    private string Take(int length)
    {
        string text = new(_buffer, _start, length);
        _start += length;
        return text;
    }

    private void ReadMore()
    {
        if (_start > 0)
            Waiting.CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_buffer.Length - _end < _buffer.Length / 4)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        int read = _text.Read(_buffer.AsSpan(_end));
        _ended = read == 0;
        _end += read;
    }
}
