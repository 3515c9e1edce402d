namespace MaskLlm.Chat.Syntax;

/// <summary>Cuts a template into tokens: text, and what is inside of tags.</summary>
/// <remarks>
/// White space around tags as transformers has Jinja do it: the line break after a statement or comment is dropped
/// (trim_blocks), so is indentation before one (lstrip_blocks); <c>-</c> drops all of it, <c>+</c> keeps it.
/// </remarks>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly TagLexer _tags;
    private int _at;
    private int _line = 1;
    private bool _startsLine = true;

    private TemplateLexer(string source)
    {
        _source = source;
        _tags = new TagLexer(source, _tokens);
    }

    /// <summary>All tokens of a template, the end included.</summary>
    /// <exception cref="InvalidDataException">A tag or a quoted text has no end, or there is a character that means nothing.</exception>
    public static List<Token> Read(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        // One line break at the end of a template is not part of it.
        TemplateLexer lexer = new(text.EndsWith('\n') ? text[..^1] : text);
        while (lexer._at < lexer._source.Length)
            lexer.ReadNext();
        lexer._tokens.Add(new Token(TokenKind.End, "", lexer._line));
        return lexer._tokens;
    }

    private void ReadNext()
    {
        int start = FindTag(_at);
        if (start < 0)
        {
            AddText(_source[_at..]);
            _at = _source.Length;
            return;
        }

        char kind = _source[start + 1];
        char sign = SignAt(start + 2);
        AddText(Kept(_source.AsSpan(_at, start - _at), sign, isPrint: kind == '{'));
        Advance(start);
        if (kind == '#')
            SkipComment(start + (sign == '\0' ? 2 : 3));
        else if (kind == '%' && RawBody(start) is { } body)
            ReadRaw(body);
        else
            ReadTag(kind, start + (sign == '\0' ? 2 : 3));
    }

    private int FindTag(int from)
    {
        for (int at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
                return at;
        }

        return -1;
    }

    private char SignAt(int at) => at < _source.Length && _source[at] is '-' or '+' ? _source[at] : '\0';

    /// <summary>What is left of the text before a tag.</summary>
    private string Kept(ReadOnlySpan<char> text, char sign, bool isPrint)
    {
        if (sign == '-')
            return Whitespace.TrimEnd(text.ToString());
        if (sign == '+' || isPrint)
            return text.ToString();
        int lineStart = text.LastIndexOf('\n') + 1;
        bool isIndent = (lineStart > 0 || _startsLine) && Whitespace.IsAllFrom(text, lineStart);
        return (isIndent ? text[..lineStart] : text).ToString();
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            _tokens.Add(new Token(TokenKind.Text, text, _line));
    }

    private void SkipComment(int start)
    {
        int end = _source.IndexOf("#}", start, StringComparison.Ordinal);
        if (end < 0)
            throw SyntaxErrors.At(_line, "found a comment, '{#', without an end; expected '#}'.");
        Close(end + 2, end > start ? SignAt(end - 1) : '\0');
    }

    private void ReadTag(char kind, int start)
    {
        bool isPrint = kind == '{';
        _tokens.Add(new Token(isPrint ? TokenKind.PrintBegin : TokenKind.BlockBegin, isPrint ? "{{" : "{%", _line));
        int end = _tags.Read(start, _line, isPrint, out char sign);
        if (isPrint && sign == '\0')
            (_startsLine, _line, _at) = (false, LineAt(end), end);
        else
            Close(end, sign);
        _tokens.Add(new Token(isPrint ? TokenKind.PrintEnd : TokenKind.BlockEnd, isPrint ? "}}" : "%}", _line));
    }

    /// <summary>Goes on behind a tag: over all white space after <c>-</c>, over nothing after <c>+</c>, else over one line break.</summary>
    private void Close(int end, char sign)
    {
        if (sign == '-')
        {
            while (end < _source.Length && Whitespace.Is(_source[end]))
                end++;
        }
        else if (sign == '\0' && end < _source.Length && _source[end] == '\n')
        {
            end++;
        }

        Advance(end);
        _startsLine = _source[end - 1] == '\n';
    }

    private void Advance(int end) => (_line, _at) = (LineAt(end), end);

    private int LineAt(int end) => _line + _source.AsSpan(_at, end - _at).Count('\n');

    /// <summary>Where the body of a raw block begins, or null where the tag is another.</summary>
    private int? RawBody(int start)
    {
        if (WordEnd(start, "raw") is not { } at)
            return null;
        bool trims = SignAt(at) == '-';
        if (trims)
            at++;
        if (!_source.AsSpan(at).StartsWith("%}"))
            return null;
        at += 2;
        while (trims && at < _source.Length && Whitespace.Is(_source[at]))
            at++;
        return at;
    }

    private void ReadRaw(int body)
    {
        int line = _line;
        Advance(body);
        _startsLine = _source[body - 1] == '\n';
        for (int tag = _source.IndexOf("{%", body, StringComparison.Ordinal); tag >= 0; tag = _source.IndexOf("{%", tag + 2,
            StringComparison.Ordinal))
        {
            if (WordEnd(tag, "endraw") is not { } at)
                continue;
            char sign = SignAt(at);
            if (sign != '\0')
                at++;
            if (!_source.AsSpan(at).StartsWith("%}"))
                continue;
            AddText(Kept(_source.AsSpan(body, tag - body), SignAt(tag + 2), isPrint: false));
            Close(at + 2, sign);
            return;
        }

        throw SyntaxErrors.At(line, "found '{% raw %}' without an end; expected '{% endraw %}'.");
    }

    /// <summary>Where the white space after a tag's only word ends, or null where the tag begins with another.</summary>
    private int? WordEnd(int tag, string word)
    {
        int at = tag + (SignAt(tag + 2) == '\0' ? 2 : 3);
        while (at < _source.Length && Whitespace.Is(_source[at]))
            at++;
        if (!_source.AsSpan(at).StartsWith(word))
            return null;
        at += word.Length;
        while (at < _source.Length && Whitespace.Is(_source[at]))
            at++;
        return at;
    }
}
