using System.Text;

namespace MaskLlm.Tokens.Expressions;

/// <summary>Reads a class of characters in brackets: ranges, escapes, classes within it, intersections.</summary>
internal sealed class ClassParser
{
    private const int DeepestNesting = 200;
    private readonly string _pattern;
    private readonly bool _ignoresCase;
    private int _at;
    private int _depth;

    private ClassParser(string pattern, int at, bool ignoresCase) => (_pattern, _at, _ignoresCase) = (pattern, at, ignoresCase);

    /// <summary>Reads the class that begins at <paramref name="at"/> and goes on behind it.</summary>
    /// <exception cref="NotSupportedException">A construct that is not known.</exception>
    public static CodePointSet Parse(string pattern, ref int at, bool ignoresCase)
    {
        ClassParser parser = new(pattern, at, ignoresCase);
        CodePointSet set = parser.ParseClass();
        at = parser._at;
        return set;
    }

    private CodePointSet ParseClass()
    {
        int start = _at++;
        if (++_depth > DeepestNesting)
            throw Refused(start, $"more than {DeepestNesting} classes within each other");
        bool isNegative = TryTake("^");
        CodePointSet set = ParseItems(start, isFirst: true);
        while (TryTake("&&"))
            set = set.Intersect(ParseItems(start, isFirst: false));
        if (!TryTake("]"))
            throw Refused(start, "an unclosed class");
        _depth--;
        if (_ignoresCase)
            set = CaseFolding.Close(set, what => Refused(start, what));
        return isNegative ? set.Complement() : set;
    }

    /// <summary>The union of items up to the class's end or an intersection.</summary>
    private CodePointSet ParseItems(int start, bool isFirst)
    {
        List<(int, int)> ranges = [];
        CodePointSet sets = CodePointSet.None;
        int first = _at;
        while (_at < _pattern.Length && !_pattern.AsSpan(_at).StartsWith("&&"))
        {
            // A bracket that closes nothing yet is a character, where another one closes the class.
            if (_pattern[_at] == ']' && !(isFirst && _at == first))
                break;
            if (_pattern[_at] == ']' && _pattern.IndexOf(']', _at + 1) < 0)
                throw Refused(start, "an empty class");
            if (ParseItem(out CodePointSet item) is not { } low)
                sets = sets.Union(item);
            else
                ranges.Add((low, TryTakeRangeEnd(low) ?? low));
        }

        return sets.Union(CodePointSet.Of(ranges));
    }

    /// <summary>One item: its code point where it is one character, null and its set where it is more.</summary>
    private int? ParseItem(out CodePointSet set)
    {
        if (_pattern[_at] == '[')
        {
            set = TryTakePosix() ?? ParseClass();
            return null;
        }

        if (_pattern[_at] != '\\')
        {
            if (Rune.DecodeFromUtf16(_pattern.AsSpan(_at), out Rune literal, out int width) != System.Buffers.OperationStatus.Done)
                throw Refused(_at, "half a surrogate pair");
            _at += width;
            set = CodePointSet.None;
            return literal.Value;
        }

        if (TryTake("\\b"))
        {
            set = CodePointSet.None;
            return '\b';
        }

        bool isSet = _at + 1 < _pattern.Length && "sSdDwWhHpP".Contains(_pattern[_at + 1], StringComparison.Ordinal);
        set = EscapeParser.Parse(_pattern, ref _at);
        return isSet ? null : set.Single;
    }

    /// <summary>The end of a range; null, with nothing taken, where a hyphen is a character.</summary>
    private int? TryTakeRangeEnd(int low)
    {
        ReadOnlySpan<char> rest = _pattern.AsSpan(_at);
        if (rest.Length < 2 || rest[0] != '-' || rest[1] == ']' || rest[1..].StartsWith("&&"))
            return null;
        int hyphen = _at++;
        if (_pattern[_at] == '[' || ParseItem(out _) is not { } high)
            throw Refused(hyphen, "a range up to a class");
        return high >= low ? high : throw Refused(hyphen, "a range whose end is below its start");
    }

    /// <summary><c>[:name:]</c> or <c>[:^name:]</c>; null, with nothing taken, where it is none.</summary>
    private CodePointSet? TryTakePosix()
    {
        int end = _pattern.AsSpan(_at).StartsWith("[:") ? _pattern.IndexOf(":]", _at + 2, StringComparison.Ordinal) : -1;
        if (end < 0)
            return null;
        bool isNegative = _pattern[_at + 2] == '^';
        string name = _pattern[(_at + (isNegative ? 3 : 2))..Math.Max(end, _at + (isNegative ? 3 : 2))];
        const string Known = "alnum alpha ascii blank cntrl digit graph lower print punct space upper xdigit word";
        if (!Known.Split(' ').Contains(name))
            return null;
        _at = end + 2;
        CodePointSet set = UnicodeProperty.Find(name)!;
        return isNegative ? set.Complement() : set;
    }

    private bool TryTake(string text)
    {
        if (!_pattern.AsSpan(_at).StartsWith(text))
            return false;
        _at += text.Length;
        return true;
    }

    private NotSupportedException Refused(int at, string what) => ExpressionError.Refused(_pattern, at, what);
}
