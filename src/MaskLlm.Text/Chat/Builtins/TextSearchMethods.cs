using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Methods of texts that look for another text.</summary>
internal static class TextSearchMethods
{
    /// <summary>The methods by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["startswith"] = new(["prefix"], call => IsAt(call, (text, affix) => text.StartsWith(affix, StringComparison.Ordinal))),
        ["endswith"] = new(["suffix"], call => IsAt(call, (text, affix) => text.EndsWith(affix, StringComparison.Ordinal))),
        ["find"] = new(["sub", "start", "end"], call => Find(call, fromEnd: false)),
        ["rfind"] = new(["sub", "start", "end"], call => Find(call, fromEnd: true)),
        ["index"] = new(["sub", "start", "end"], call => FindOrFail(call, fromEnd: false)),
        ["rindex"] = new(["sub", "start", "end"], call => FindOrFail(call, fromEnd: true)),
        ["count"] = new(["sub"], call => Count(call)),
        ["replace"] = new(["old", "new", "count"], call =>
        Replace(call, call.SubjectText, call.RequiredText(0), call.RequiredText(1), call.Whole(2, -1))),
    };

    /// <summary>The text with another in place of some text, at most so many times; below 0, everywhere.</summary>
    public static string Replace(BuiltinCall call, string text, string old, string replacement, long count)
    {
        call.Budget.Search(text, old);
        TextBuilder builder = new(call.Budget);
        long left = count < 0 ? long.MaxValue : count;
        int copied = 0;
        for (int at = NextMatch(text, old, 0); at >= 0 && left > 0; at = NextMatch(text, old, at + Math.Max(old.Length, 1)), left--)
        {
            call.Budget.Step();
            builder.Append(text[copied..at]).Append(replacement);
            copied = at + old.Length;
        }

        return builder.Append(text[copied..]).ToString();
    }

    // Nothing is found before each character and at the end, but not within a surrogate pair.
    private static int NextMatch(string text, string old, int from)
    {
        if (old.Length > 0 || from > text.Length)
            return from > text.Length ? -1 : text.IndexOf(old, from, StringComparison.Ordinal);
        return from > 0 && from < text.Length && char.IsSurrogatePair(text[from - 1], text[from]) ? from + 1 : from;
    }

    private static bool IsAt(BuiltinCall call, Func<string, string, bool> holds)
    {
        string text = call.SubjectText;
        if (call.Required(0) is not Sequence { Kind: SequenceKind.Tuple } affixes)
            return holds(text, call.RequiredText(0));
        return call.Renderer.Iterate(affixes).Any(affix =>
        {
            call.Budget.Read(affix);
            return holds(text, Markup.Plain(affix) as string ?? throw call.Unfit(affix, "texts"));
        });
    }

    private static long Find(BuiltinCall call, bool fromEnd)
    {
        (string text, string sought) = (call.SubjectText, call.RequiredText(0));
        call.Budget.Search(text, sought);
        SliceRange range = SliceRange.Of(CodePoints.Count(text), Bound(call, 1), Bound(call, 2), 1);
        (int start, int end) = (CodePoints.UnitOffset(text, range.Start), CodePoints.UnitOffset(text, range.Start + range.Count));
        ReadOnlySpan<char> stretch = text.AsSpan(start, end - start);
        int found = fromEnd ? stretch.LastIndexOf(sought) : stretch.IndexOf(sought);
        return found < 0 ? -1L : CodePoints.Count(text.AsSpan(0, start + found));
    }

    private static long? Bound(BuiltinCall call, int index) => call.Value(index, null) is null ? null : call.Whole(index, 0);

    private static long FindOrFail(BuiltinCall call, bool fromEnd) =>
        Find(call, fromEnd) is >= 0L and var found ? found
            : throw new TemplateFault($"{call.Name} does not find what it looks for. Use 'find' where that may be.");

    private static long Count(BuiltinCall call)
    {
        (string text, string sought) = (call.SubjectText, call.RequiredText(0));
        call.Budget.Search(text, sought);
        long count = 0L;
        for (int at = NextMatch(text, sought, 0); at >= 0; at = NextMatch(text, sought, at + Math.Max(sought.Length, 1)))
            call.Budget.Step(++count & 1);
        return count;
    }
}
