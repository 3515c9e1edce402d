using System.Text;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Python's <c>textwrap</c>, as the filter <c>wordwrap</c> uses it.</summary>
/// <param name="budget">What pays for it.</param>
/// <param name="width">The most characters of a line.</param>
/// <param name="breaksWords">True to break words that are longer.</param>
/// <param name="breaksHyphens">True to break compound words behind their hyphens.</param>
internal sealed class LineWrapper(Budget budget, long width, bool breaksWords, bool breaksHyphens)
{
    private Rune[] _text = [];

    // Where the run of hyphens ends that a hyphen is part of.
    private int[] _hyphenEnds = [];

    /// <summary>Writes the lines of a paragraph.</summary>
    /// <param name="paragraph">The text, without line breaks.</param>
    /// <param name="between">What stands between lines.</param>
    /// <param name="output">Where they go.</param>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public void Wrap(string paragraph, string between, TextBuilder output)
    {
        // Three tables, each of as many places as there are characters.
        budget.Step(4L * paragraph.Length);
        _text = [.. paragraph.EnumerateRunes()];
        Queue<(int Start, int End)> chunks = new(Chunks());
        bool isFirst = true;
        foreach ((int start, int end) in Lines(chunks))
        {
            budget.Step(2);
            if (!isFirst)
                output.Append(between);
            isFirst = false;
            foreach (Rune rune in _text.AsSpan(start, end - start))
                output.Append(rune.ToString());
        }
    }

    private IEnumerable<(int Start, int End)> Lines(Queue<(int Start, int End)> chunks)
    {
        bool isFirst = true;
        (int Start, int End)? head = chunks.TryDequeue(out (int Start, int End) first) ? first : null;
        (int, int)? Next() => chunks.TryDequeue(out (int Start, int End) next) ? next : null;
        while (head is not null)
        {
            if (!isFirst && IsSpace(head.Value))
                head = Next();
            List<(int Start, int End)> line = [];
            long length = 0L;
            for (; head is { } chunk && length + chunk.End - chunk.Start <= width; head = Next())
            {
                line.Add(chunk);
                length += chunk.End - chunk.Start;
            }

            if (head is { } large && large.End - large.Start > width && Cut(large, width - length, isAlone: line.Count == 0) is { } cut)
            {
                line.Add((large.Start, cut));
                head = cut == large.End ? Next() : (cut, large.End);
            }

            if (line is [.., var last] && IsSpace(last))
                line.RemoveAt(line.Count - 1);
            if (line.Count > 0)
            {
                isFirst = false;
                yield return (line[0].Start, line[^1].End);
            }
        }
    }

    // Where a word that does not fit into any line is cut; null where it is not.
    private int? Cut((int Start, int End) chunk, long left, bool isAlone)
    {
        if (!breaksWords)
            return isAlone ? chunk.End : null;
        int end = chunk.Start + (int)left;
        if (!breaksHyphens)
            return end;
        int hyphen = end - 1;
        while (hyphen > chunk.Start && _text[hyphen].Value != '-')
            hyphen--;
        // Behind a hyphen, but not where only hyphens are before it.
        return hyphen > chunk.Start && _text.AsSpan(chunk.Start, hyphen - chunk.Start).ContainsAnyExcept(new Rune('-')) ? hyphen + 1 : end;
    }

    private IEnumerable<(int Start, int End)> Chunks()
    {
        _hyphenEnds = new int[_text.Length + 1];
        for (int at = _text.Length - 1; at >= 0; at--)
            _hyphenEnds[at] = !Is(at, '-') ? at : Is(at + 1, '-') ? _hyphenEnds[at + 1] : at + 1;
        for (int start = 0, end; start < _text.Length; start = end)
        {
            end = EndOf(start);
            yield return (start, end);
        }
    }

    private int EndOf(int start)
    {
        int end = start + 1;
        if (IsSpace(start))
        {
            while (end < _text.Length && IsSpace(end))
                end++;
            return end;
        }

        if (breaksHyphens && IsDash(start))
            return _hyphenEnds[start];
        for (; end < _text.Length && !IsSpace(end); end++)
        {
            if (!breaksHyphens)
                continue;
            if (IsHyphen(end))
                return end + 1;
            if (IsDash(end))
                return end;
        }

        return end;
    }

    // Several hyphens between words.
    private bool IsDash(int at) => IsWordOrSign(at - 1) && _hyphenEnds[at] - at >= 2 && _hyphenEnds[at] < _text.Length
        && CodePoints.IsWord(_text[_hyphenEnds[at]]);

    // The hyphen of a compound word: two letters before it, or a letter and a part of one; a letter and a part of one behind it.
    private bool IsHyphen(int at) => Is(at, '-')
        && ((IsLetter(at - 2) && IsLetter(at - 1)) || (IsLetter(at - 3) && Is(at - 2, '-') && IsWordOrSign(at - 1)))
        && IsLetter(at + 1) && (IsLetter(at + 2) || (Is(at + 2, '-') && IsLetter(at + 3)));

    private bool Is(int at, char unit) => (uint)at < (uint)_text.Length && _text[at].Value == unit;

    private bool IsLetter(int at) => (uint)at < (uint)_text.Length && CodePoints.IsWord(_text[at]) && !Rune.IsDigit(_text[at]);

    private bool IsWordOrSign(int at) => (uint)at < (uint)_text.Length
        && (CodePoints.IsWord(_text[at]) || _text[at].Value is '!' or '"' or '\'' or '&' or '.' or ',' or '?');

    private bool IsSpace(int at) => _text[at].Value is '\t' or '\n' or '\v' or '\f' or '\r' or ' ';

    private bool IsSpace((int Start, int End) chunk) => _text.AsSpan(chunk.Start, chunk.End - chunk.Start).IndexOfAnyExcept(Spaces) < 0;

    private static readonly Rune[] Spaces = [.. Enumerable.Range(0, 0x3001)
        .Where(unit => Syntax.Whitespace.Is((char)unit)).Select(unit => new Rune(unit))];
}
