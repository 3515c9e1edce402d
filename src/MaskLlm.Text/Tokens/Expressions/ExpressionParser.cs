using System.Globalization;
using System.Text;

namespace MaskLlm.Tokens.Expressions;

/// <summary>Reads a pattern as Oniguruma does, the engine of Hugging Face's tokenizers; what is not known is refused.</summary>
internal sealed class ExpressionParser
{
    /// <summary>The longest pattern that is read, in UTF-16 units.</summary>
    public const int LongestPattern = 1 << 15;

    /// <summary>The farthest that a pattern may look behind, in code points.</summary>
    public const int FarthestBehind = 255;

    private const int DeepestNesting = 200, MostRepeats = 100_000;

    // Pairs of letters that full case folding also finds as one character, such as sharp s and ligatures.
    private static readonly string[] FoldedPairs = ["ss", "st", "ff", "fi", "fl"];
    private readonly string _pattern;
    private int _at;
    private int _depth;
    private bool _ignoresCase;
    private char _letterBefore;

    private ExpressionParser(string pattern) => _pattern = pattern;

    /// <summary>The tree of a pattern.</summary>
    /// <exception cref="NotSupportedException">A construct that is not known, or a pattern that is too long.</exception>
    public static Expression Parse(string pattern) => new ExpressionParser(pattern).Run();

    private Expression Run()
    {
        if (_pattern.Length > LongestPattern)
            throw Refused($"{_pattern.Length} characters, more than {LongestPattern},");
        Expression whole = ParseChoice();
        return _at == _pattern.Length ? whole : throw Refused("an unmatched )");
    }

    /// <summary>Alternatives up to a closing parenthesis or the end.</summary>
    private Expression ParseChoice()
    {
        if (++_depth > DeepestNesting)
            throw Refused($"more than {DeepestNesting} groups within each other");
        bool ignoredCase = _ignoresCase;
        List<Expression> branches = [ParseSequence()];
        while (TryTake("|"))
            branches.Add(ParseSequence());
        // An option by itself ends with its group.
        _ignoresCase = ignoredCase;
        _letterBefore = '\0';
        _depth--;
        return branches is [var only] ? only : new Expression.Choice(branches);
    }

    private Expression ParseSequence()
    {
        List<Expression> parts = [];
        _letterBefore = '\0';
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            if (TryTakeOption())
            {
                // It holds for the alternatives after it, too: together they are a group.
                parts.Add(ParseChoice());
                break;
            }

            if (ParseAtom() is { } atom)
                parts.Add(ParseQuantifiers(atom));
        }

        return parts is [var only] ? only : new Expression.Sequence(parts);
    }

    private bool TryTakeOption()
    {
        bool ignores = TryTake("(?i)");
        if (!ignores && !TryTake("(?-i)"))
            return false;
        _ignoresCase = ignores;
        return true;
    }

    /// <summary>One item; null for a comment.</summary>
    private Expression? ParseAtom()
    {
        if (TryTake("(?#"))
        {
            int end = _pattern.IndexOf(')', _at);
            _at = end < 0 ? throw Refused("an unclosed comment") : end + 1;
            return null;
        }

        char letterBefore = _letterBefore;
        _letterBefore = '\0';
        switch (_pattern[_at])
        {
            case '(':
                return ParseGroup();
            case '[':
                return new Expression.One(ClassParser.Parse(_pattern, ref _at, _ignoresCase));
            case '\\':
                return ParseEscape();
            case '^':
                return TakePlace(1, PlaceKind.LineStart);
            case '$':
                return TakePlace(1, PlaceKind.LineEnd);
            case '.':
                _at++;
                return new Expression.One(CodePointSet.Of('\n').Complement());
            case '*' or '+' or '?':
                throw Refused("a quantifier of nothing");
            default:
                return ParseLiteral(letterBefore);
        }
    }

    private Expression ParseGroup()
    {
        if (TryTake("(?:"))
            return Grouped(_ignoresCase);
        if (TryTake("(?i:"))
            return Grouped(true);
        if (TryTake("(?-i:"))
            return Grouped(false);
        if (TryTake("(?>"))
            return new Expression.Atomic(InGroup(_ignoresCase));
        if (TryTake("(?="))
            return new Expression.Look(InGroup(_ignoresCase), IsBehind: false, IsNegative: false);
        if (TryTake("(?!"))
            return new Expression.Look(InGroup(_ignoresCase), IsBehind: false, IsNegative: true);
        if (TryTake("(?<="))
            return Behind(InGroup(_ignoresCase), isNegative: false);
        if (TryTake("(?<!"))
            return Behind(InGroup(_ignoresCase), isNegative: true);
        if (TryTake("(?<"))
            return ParseNamedGroup();
        if (_pattern.AsSpan(_at).StartsWith("(?"))
            throw Refused("a group option");
        // Texts of groups are never asked for, so a group only groups.
        _at++;
        return Grouped(_ignoresCase);
    }

    private Expression ParseNamedGroup()
    {
        int end = _pattern.IndexOf('>', _at);
        if (end <= _at || !_pattern.AsSpan(_at, end - _at).ToString().All(letter => char.IsLetterOrDigit(letter) || letter == '_'))
            throw Refused("a group without a name");
        _at = end + 1;
        return Grouped(_ignoresCase);
    }

    // A place has no quantifier, a group around one has.
    private Expression Grouped(bool ignoresCase) => InGroup(ignoresCase) is var body && body is Expression.Look or Expression.Place
        ? new Expression.Sequence([body])
        : body;

    private Expression.Look Behind(Expression body, bool isNegative) => body.Longest <= FarthestBehind
        ? new Expression.Look(body, IsBehind: true, isNegative)
        : throw Refused($"a look behind of more than {FarthestBehind} characters");

    private Expression InGroup(bool ignoresCase)
    {
        bool ignoredCase = _ignoresCase;
        _ignoresCase = ignoresCase;
        Expression body = ParseChoice();
        _ignoresCase = ignoredCase;
        return TryTake(")") ? body : throw Refused("an unclosed (");
    }

    private Expression ParseEscape()
    {
        char name = _at + 1 < _pattern.Length ? _pattern[_at + 1] : throw Refused("a \\ at its end");
        switch (name)
        {
            case 'A':
                return TakePlace(2, PlaceKind.TextStart);
            case 'z':
                return TakePlace(2, PlaceKind.TextEnd);
            case 'Z':
                return TakePlace(2, PlaceKind.TextEndOrLastLine);
            case 'b':
                return TakePlace(2, PlaceKind.WordEdge);
            case 'B':
                return TakePlace(2, PlaceKind.NoWordEdge);
            case 'R':
                _at += 2;
                return LineBreak();
            case 'N':
                _at += 2;
                return new Expression.One(CodePointSet.Of('\n').Complement());
            case 'O':
                _at += 2;
                return new Expression.One(CodePointSet.All);
            default:
                CodePointSet set = EscapeParser.Parse(_pattern, ref _at);
                return new Expression.One(_ignoresCase && set.Single is not null ? CaseFolding.Close(set, Refused) : set);
        }
    }

    /// <summary><c>\R</c>: a line break of any kind, of which a carriage return with its line feed is one that is not divided.</summary>
    private static Expression.Atomic LineBreak()
    {
        Expression pair = new Expression.Sequence([new Expression.One(CodePointSet.Of('\r')), new Expression.One(CodePointSet.Of('\n'))]);
        Expression single = new Expression.One(CodePointSet.OfCharacters("\n\v\f\r\u0085\u2028\u2029"));
        return new Expression.Atomic(new Expression.Choice([pair, single]));
    }

    private Expression.One ParseLiteral(char letterBefore)
    {
        if (Rune.DecodeFromUtf16(_pattern.AsSpan(_at), out Rune literal, out int width) != System.Buffers.OperationStatus.Done)
            throw Refused("half a surrogate pair");
        CodePointSet set = CodePointSet.Of(literal.Value);
        if (_ignoresCase)
        {
            char lower = char.ToLowerInvariant(_pattern[_at]);
            if (FoldedPairs.Contains($"{letterBefore}{lower}"))
                throw Refused($"{letterBefore}{lower}, which is also one character where case is ignored,");
            set = CaseFolding.Close(set, Refused);
            _letterBefore = lower;
        }

        _at += width;
        return new Expression.One(set);
    }

    private Expression.Place TakePlace(int width, PlaceKind kind)
    {
        _at += width;
        return new Expression.Place(kind);
    }

    /// <summary>The quantifiers after an item, each of what stands before it.</summary>
    private Expression ParseQuantifiers(Expression atom)
    {
        while (TryTakeQuantifier(out int least, out int most, out Greed greed))
        {
            if (atom is Expression.Look or Expression.Place)
                throw Refused("a quantifier of a place");
            _letterBefore = '\0';
            atom = new Expression.Repeat(atom, least, most, greed);
        }

        return atom;
    }

    private bool TryTakeQuantifier(out int least, out int most, out Greed greed)
    {
        (least, most, greed) = (0, Expression.Unbounded, Greed.Greedy);
        if (_at >= _pattern.Length)
            return false;
        char sign = _pattern[_at];
        if (sign == '{')
            return TryTakeInterval(ref least, ref most, ref greed);
        if (sign is not ('?' or '*' or '+'))
            return false;
        (least, most) = (sign == '+' ? 1 : 0, sign == '?' ? 1 : Expression.Unbounded);
        _at++;
        if (TryTake("?"))
            greed = Greed.Lazy;
        else if (TryTake("+"))
            greed = Greed.Possessive;
        return true;
    }

    /// <summary><c>{n}</c>, <c>{n,}</c>, <c>{,m}</c>, <c>{n,m}</c>; a brace that begins none of these is a character.</summary>
    private bool TryTakeInterval(ref int least, ref int most, ref Greed greed)
    {
        int end = _pattern.IndexOf('}', _at);
        string[] ends = end < 0 ? [] : _pattern[(_at + 1)..end].Split(',');
        bool isInterval = ends.Length is 1 or 2 && ends.All(digits => digits.All(char.IsAsciiDigit));
        if (!isInterval || ends.All(digits => digits.Length == 0))
            return false;
        least = Count(ends[0], 0);
        most = ends.Length == 1 ? least : Count(ends[1], Expression.Unbounded);
        if (least > most)
            throw Refused("an interval whose end is below its start");
        _at = end + 1;
        // After {n} a question mark is a quantifier of its own.
        if (ends.Length == 2 && TryTake("?"))
            greed = Greed.Lazy;
        return true;
    }

    private int Count(string digits, int otherwise)
    {
        if (digits.Length == 0)
            return otherwise;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count <= MostRepeats
            ? count
            : throw Refused($"more than {MostRepeats} repetitions");
    }

    private bool TryTake(string text)
    {
        if (!_pattern.AsSpan(_at).StartsWith(text))
            return false;
        _at += text.Length;
        return true;
    }

    private NotSupportedException Refused(string what) => ExpressionError.Refused(_pattern, _at, what);
}
