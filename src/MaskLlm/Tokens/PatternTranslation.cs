using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Rewrites an Oniguruma pattern (Hugging Face's engine) as a .NET pattern of the same meaning.</summary>
/// <remarks>
/// Two things are rewritten: possessive quantifiers (<c>X?+</c>, <c>X*+</c>, <c>X++</c>) become atomic groups, and
/// <c>(?i:...)</c> becomes explicit classes, since .NET does not fold U+017F to s. What the engines read differently is refused.
/// </remarks>
internal sealed class PatternTranslation
{
    private readonly string _pattern;
    private readonly StringBuilder _output = new();
    private readonly Stack<(int Start, bool IgnoresCase)> _groups = new();
    private int _at;
    private bool _ignoresCase;

    private PatternTranslation(string pattern) => _pattern = pattern;

    /// <summary>The .NET pattern.</summary>
    /// <exception cref="NotSupportedException">A construct that has no equal in .NET.</exception>
    public static string Translate(string pattern) => new PatternTranslation(pattern).Run();

    private string Run()
    {
        while (_at < _pattern.Length)
        {
            var start = _output.Length;
            switch (_pattern[_at])
            {
                case '(':
                    OpenGroup();
                    continue;
                case ')':
                    start = CloseGroup();
                    break;
                case '[':
                    CopyClass();
                    break;
                case '\\':
                    CopyEscape();
                    break;
                case '^' or '$':
                    throw Refused("an anchor");
                case '|':
                    _output.Append(_pattern[_at++]);
                    continue;
                default:
                    CopyLiteral();
                    break;
            }

            CopyQuantifier(start);
        }

        return _output.ToString();
    }

    private void OpenGroup()
    {
        _groups.Push((_output.Length, _ignoresCase));
        foreach (var opening in (string[])["(?i:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"])
        {
            if (!_pattern.AsSpan(_at).StartsWith(opening))
                continue;
            _ignoresCase |= opening == "(?i:";
            _output.Append(opening == "(?i:" ? "(?:" : opening);
            _at += opening.Length;
            return;
        }

        if (_pattern.AsSpan(_at).StartsWith("(?"))
            throw Refused("a group option");
        _output.Append("(?:");
        _at++;
    }

    private int CloseGroup()
    {
        if (!_groups.TryPop(out var group))
            throw Refused("an unmatched )");
        _ignoresCase = group.IgnoresCase;
        _output.Append(_pattern[_at++]);
        return group.Start;
    }

    private void CopyClass()
    {
        var start = _at;
        var end = _at + 1;
        while (end < _pattern.Length && _pattern[end] != ']')
        {
            if (_pattern[end] == '[' || _pattern.AsSpan(end).StartsWith("&&"))
                throw Refused("a class within a class");
            if (char.IsSurrogate(_pattern[end]))
                throw Refused("a character beyond the basic plane");
            if (_pattern[end] == '\\')
                CheckEscape(end);
            end += _pattern[end] == '\\' ? 2 : 1;
        }

        if (end >= _pattern.Length || end == start + 1)
            throw Refused("an empty or unclosed class");
        if (_ignoresCase)
            AppendFoldedClass(_pattern[start..(end + 1)]);
        else
            _output.Append(_pattern, start, end + 1 - start);
        _at = end + 1;
    }

    private void AppendFoldedClass(string characters)
    {
        if (characters.AsSpan(1).ContainsAny('^', '-', '\\'))
            throw Refused("a range, a complement or an escape in a class within (?i:");
        foreach (var character in characters)
            _output.Append(char.IsAsciiLetter(character) ? FoldsTogether(char.ToLowerInvariant(character)) : character.ToString());
    }

    private void CopyEscape()
    {
        CheckEscape(_at);
        var isCategory = _pattern[_at + 1] is 'p' or 'P';
        var end = isCategory ? _pattern.IndexOf('}', _at) + 1 : _at + 2;
        if (end <= _at)
            throw Refused("an unclosed category");
        _output.Append(_pattern, _at, end - _at);
        _at = end;
    }

    /// <summary>Lets pass what means the same in both engines: white space, digits, general categories, control and literal characters.</summary>
    private void CheckEscape(int at)
    {
        var name = at + 1 < _pattern.Length ? _pattern[at + 1] : '\0';
        var isKnown = name is 'p' or 'P' ? IsGeneralCategory(at + 2) : "sSdDrntfv".Contains(name, StringComparison.Ordinal);
        if (!isKnown && (name == '\0' || char.IsLetterOrDigit(name)))
            throw Refused($"\\{name}");
    }

    private bool IsGeneralCategory(int at)
    {
        var length = _pattern.AsSpan(at).IndexOf('}') - 1;
        if (length is not (1 or 2) || _pattern[at] != '{')
            return false;
        return "LMNPSZC".Contains(_pattern[at + 1], StringComparison.Ordinal) && (length == 1 || char.IsAsciiLetterLower(_pattern[at + 2]));
    }

    private void CopyLiteral()
    {
        var literal = _pattern[_at++];
        if (char.IsSurrogate(literal))
            throw Refused("a character beyond the basic plane");
        if (!_ignoresCase || !char.IsLetter(literal))
            _output.Append(literal);
        else if (char.IsAsciiLetter(literal))
            _output.Append('[').Append(FoldsTogether(char.ToLowerInvariant(literal))).Append(']');
        else
            throw Refused($"{literal} within (?i:");
    }

    private static string FoldsTogether(char lower) => lower switch
    {
        's' => "sS\u017F",
        'k' => "kK\u212A",
        _ => $"{lower}{char.ToUpperInvariant(lower)}",
    };

    private void CopyQuantifier(int atomStart)
    {
        if (_at >= _pattern.Length || !IsQuantifier(out var length))
            return;
        _output.Append(_pattern, _at, length);
        var isInterval = _pattern[_at] == '{';
        _at += length;
        if (_at >= _pattern.Length || _pattern[_at] is not ('+' or '?'))
            return;
        if (_pattern[_at] == '?' && !isInterval)
        {
            _output.Append('?');
        }
        else if (_pattern[_at] == '+' && !isInterval)
        {
            _output.Insert(atomStart, "(?>").Append(')');
        }
        else
        {
            throw Refused("a lazy or possessive interval");
        }

        _at++;
    }

    private bool IsQuantifier(out int length)
    {
        length = 1;
        if (_pattern[_at] is '?' or '*' or '+')
            return true;
        length = _pattern.IndexOf('}', _at) + 1 - _at;
        return _pattern[_at] == '{' && length > 2;
    }

    private NotSupportedException Refused(string what) =>
        new($"the pattern {_pattern} has {what} at {_at}, which is not supported");
}
