using System.Globalization;

namespace MaskLlm.Chat.Syntax;

/// <summary>Cuts what is inside of a tag into tokens.</summary>
internal sealed class TagLexer(string source, List<Token> tokens)
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ".", ":", ",", "|",
            ";"];

    private readonly Stack<char> _open = [];
    private int _at;
    private int _line;

    /// <summary>Reads up to the end of the tag.</summary>
    /// <param name="start">Where the inside of the tag begins.</param>
    /// <param name="line">The line that it begins on.</param>
    /// <param name="isPrint">True where <c>}}</c> ends it, false where <c>%}</c> does.</param>
    /// <param name="sign">The sign before the end, <c>-</c> or <c>+</c>, or <c>\0</c>.</param>
    /// <returns>The offset behind the tag.</returns>
    public int Read(int start, int line, bool isPrint, out char sign)
    {
        (_at, _line) = (start, line);
        _open.Clear();
        while (_at < source.Length)
        {
            if (_open.Count == 0 && EndsHere(isPrint, out sign))
                return _at + (sign == '\0' ? 2 : 3);
            ReadNext();
        }

        throw SyntaxErrors.At(line, $"found a tag, '{(isPrint ? "{{" : "{%")}', without an end; expected '{(isPrint ? "}}" : "%}")}'.");
    }

    private bool EndsHere(bool isPrint, out char sign)
    {
        ReadOnlySpan<char> rest = source.AsSpan(_at);
        sign = rest[0] == '-' || (rest[0] == '+' && !isPrint) ? rest[0] : '\0';
        return rest[(sign == '\0' ? 0 : 1)..].StartsWith(isPrint ? "}}" : "%}");
    }

    private void ReadNext()
    {
        char unit = source[_at];
        if (Whitespace.Is(unit))
        {
            _line += unit == '\n' ? 1 : 0;
            _at++;
        }
        else if (char.IsAsciiDigit(unit))
        {
            ReadNumber();
        }
        else if (unit is '\'' or '"')
        {
            ReadText(unit);
        }
        else if (unit == '_' || char.IsLetter(unit))
        {
            Add(TokenKind.Name, End(_at, static letter => letter == '_' || char.IsLetterOrDigit(letter)));
        }
        else
        {
            ReadOperator();
        }
    }

    private int End(int from, Func<char, bool> belongs)
    {
        while (from < source.Length && belongs(source[from]))
            from++;
        return from;
    }

    private void Add(TokenKind kind, int end)
    {
        tokens.Add(new Token(kind, source[_at..end], _line));
        _at = end;
    }

    private void ReadOperator()
    {
        foreach (string candidate in Operators)
        {
            if (!source.AsSpan(_at).StartsWith(candidate))
                continue;
            Balance(candidate[0]);
            Add(TokenKind.Operator, _at + candidate.Length);
            return;
        }

        throw SyntaxErrors.At(_line, $"found the character '{source[_at]}', which means nothing inside of a tag; expected an expression.");
    }

    private void Balance(char bracket)
    {
        if (bracket is '(' or '[' or '{')
        {
            _open.Push(bracket is '(' ? ')' : bracket is '[' ? ']' : '}');
            return;
        }

        if (bracket is not (')' or ']' or '}'))
            return;
        if (!_open.TryPop(out char expected))
            throw SyntaxErrors.At(_line, $"found '{bracket}' without the bracket that it closes.");
        if (expected != bracket)
            throw SyntaxErrors.At(_line, $"found '{bracket}'; expected '{expected}'.");
    }

    private void ReadNumber()
    {
        if (source[_at] == '0' && _at + 1 < source.Length && source[_at + 1] is 'x' or 'X' or 'o' or 'O' or 'b' or 'B')
        {
            ReadNumberOfBase(char.ToLowerInvariant(source[_at + 1]) switch { 'x' => 16, 'o' => 8, _ => 2 });
            return;
        }

        int end = Digits(_at);
        bool isFloat = end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]);
        if (isFloat)
            end = Digits(end + 1);
        if (ExponentEnd(end) is { } exponentEnd)
            (isFloat, end) = (true, exponentEnd);
        string text = source[_at..end];
        tokens.Add(new Token(isFloat ? TokenKind.Float : TokenKind.Integer, text, _line,
            Value(text.Replace("_", "", StringComparison.Ordinal), isFloat)));
        _at = end;
    }

    private void ReadNumberOfBase(int radix)
    {
        int end = End(_at + 2, static letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');
        long value = 0L;
        foreach (char digit in source.AsSpan(_at + 2, end - _at - 2))
        {
            if (digit == '_')
                continue;
            int worth = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            if (worth >= radix || value > (long.MaxValue - worth) / radix)
                throw SyntaxErrors.At(_line, $"found the number {source[_at..end]}; expected digits of base {radix}, and a number below "
                    + $"2^63.");
            value = value * radix + worth;
        }

        if (end == _at + 2)
            throw SyntaxErrors.At(_line, $"found the number {source[_at..end]}; expected digits of base {radix}.");
        tokens.Add(new Token(TokenKind.Integer, source[_at..end], _line, value));
        _at = end;
    }

    private int Digits(int from) => End(from, static digit => char.IsAsciiDigit(digit) || digit == '_');

    private int? ExponentEnd(int at)
    {
        if (at >= source.Length || source[at] is not ('e' or 'E'))
            return null;
        int digits = at + 1 + (at + 1 < source.Length && source[at + 1] is '+' or '-' ? 1 : 0);
        return digits < source.Length && char.IsAsciiDigit(source[digits]) ? Digits(digits) : null;
    }

    private object Value(string digits, bool isFloat)
    {
        if (isFloat)
            return double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw SyntaxErrors.At(_line, $"found the number {digits}; expected one below 2^63.");
    }

    private void ReadText(char quote)
    {
        int end = _at + 1;
        while (end < source.Length && source[end] != quote)
            end += source[end] == '\\' ? 2 : 1;
        if (end >= source.Length)
            throw SyntaxErrors.At(_line, $"found a quote, {quote}, without its partner; expected the end of the text.");
        string inside = source[(_at + 1)..end];
        tokens.Add(new Token(TokenKind.String, StringEscapes.Resolve(inside, _line), _line));
        _line += inside.AsSpan().Count('\n');
        _at = end + 1;
    }
}
