using System.Buffers;
using System.Globalization;
using System.Text;
using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Methods of texts that look at characters or give another text.</summary>
internal static class TextMethods
{
    /// <summary>The methods by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["upper"] = Plain(TextCase.Upper),
        ["lower"] = Plain(TextCase.Lower),
        ["title"] = Plain(TextCase.Title),
        ["capitalize"] = Plain(TextCase.Capitalize),
        ["swapcase"] = Plain(TextCase.Swap),
        ["strip"] = new(["chars"], call => Strip(call, atStart: true, atEnd: true)),
        ["lstrip"] = new(["chars"], call => Strip(call, atStart: true, atEnd: false)),
        ["rstrip"] = new(["chars"], call => Strip(call, atStart: false, atEnd: true)),
        ["removeprefix"] = new(["prefix"], call => Without(call, isAtStart: true)),
        ["removesuffix"] = new(["suffix"], call => Without(call, isAtStart: false)),
        ["zfill"] = new(["width"], FillZeros),
        ["ljust"] = new(["width", "fillchar"], call => call.SubjectText + Padding(call, Missing(call, null))),
        ["rjust"] = new(["width", "fillchar"], call => Padding(call, Missing(call, null)) + call.SubjectText),
        ["center"] = new(["width", "fillchar"], call => Center(call, null)),
        ["join"] = new(["iterable"], call => Join(call.Renderer, call.SubjectText, call.Renderer.Iterate(call.Required(0)))),
        ["isalpha"] = Check(Rune.IsLetter),
        ["isalnum"] = Check(CodePoints.IsLetterOrNumber),
        ["isdigit"] = Check(rune => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0),
        ["isdecimal"] = Check(Rune.IsDigit),
        ["isnumeric"] = Check(CodePoints.IsNumeric),
        ["isspace"] = Check(rune => rune.IsBmp && Whitespace.Is((char)rune.Value)),
        ["isprintable"] = new(call => Scanned(call).EnumerateRunes().All(rune => PythonText.IsPrintable(rune.Value))),
        ["isidentifier"] = new(call => IsIdentifier(Scanned(call))),
        ["isascii"] = new(call => Ascii.IsValid(call.SubjectText)),
        ["isupper"] = new(call => TextCase.IsAllUpper(Scanned(call))),
        ["islower"] = new(call => TextCase.IsAllLower(Scanned(call))),
        ["istitle"] = new(call => TextCase.IsTitle(Scanned(call))),
        ["casefold"] = Plain(TextCase.Fold),
        ["format"] = new(null, call => TextFormat.Write(call, call.Given.Positional, call.Given.Named)),
        ["format_map"] = new(["mapping"], call => TextFormat.Write(call, [], Named(call))),
        ["expandtabs"] = new(["tabsize"], ExpandTabs),
    };

    /// <summary>A text without some characters at its ends; white space where none are given.</summary>
    public static string Strip(BuiltinCall call, bool atStart, bool atEnd)
    {
        string text = call.SubjectText;
        if (call.Text(0) is { } characters)
        {
            // The set makes it a matter of the text's length alone.
            SearchValues<char> set = SearchValues.Create(characters);
            int start = atStart ? text.AsSpan().IndexOfAnyExcept(set) : 0;
            int end = atEnd ? text.AsSpan().LastIndexOfAnyExcept(set) + 1 : text.Length;
            return start < 0 || end <= start ? "" : Piece(call, text, start, end);
        }

        (int first, int last) = (atStart ? Whitespace.Leading(text) : 0, text.Length);
        return Piece(call, text, first, atEnd ? Math.Max(first, last - Whitespace.Trailing(text)) : last);
    }

    private static string Piece(BuiltinCall call, string text, int start, int end)
    {
        call.Budget.MakeText(end - start, end - start);
        return text[start..end];
    }

    /// <summary>The texts with a separator between them.</summary>
    /// <exception cref="TemplateFault">One of them is no text.</exception>
    public static string Join(Renderer renderer, string separator, IEnumerable<object?> items)
    {
        TextBuilder builder = new(renderer.Budget);
        bool isFirst = true;
        foreach (object? item in items)
        {
            if (!isFirst)
                builder.Append(separator);
            isFirst = false;
            builder.Append(Markup.Plain(item) as string
                ?? throw new TemplateFault($"{TypeNames.Describe(item)} is joined to a text; expected texts only."));
        }

        return builder.ToString();
    }

    /// <summary>A change of each character.</summary>
    public static Builtin Plain(Func<string, string> change) => new(call =>
    {
        string text = Scanned(call);
        call.Budget.MakeText(text.Length, text.Length);
        string changed = change(text);
        // Some characters become three.
        call.Budget.MakeText(changed.Length, Math.Max(0, changed.Length - text.Length));
        return changed;
    });

    /// <summary>The text, with a look at each of its characters paid for.</summary>
    public static string Scanned(BuiltinCall call)
    {
        string text = call.SubjectText;
        call.Budget.Scan(text);
        return text;
    }

    private static Builtin Check(Func<Rune, bool> holds) =>
        new(call => Scanned(call) is { Length: > 0 } text && text.EnumerateRunes().All(holds));

    private static bool IsIdentifier(string text)
    {
        bool isStart = true;
        foreach (Rune rune in text.EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool begins = rune.Value == '_' || Rune.IsLetter(rune) || category == UnicodeCategory.LetterNumber;
            bool follows = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.DecimalDigitNumber
                or UnicodeCategory.ConnectorPunctuation;
            if (!begins && (isStart || !follows))
                return false;
            isStart = false;
        }

        return !isStart;
    }

    private static List<(string, object?)> Named(BuiltinCall call)
    {
        if (call.Required(0) is not Mapping mapping)
            throw call.Unfit(call.Required(0), "a dict");
        call.Budget.Step(4 + mapping.Count);
        return [.. mapping.Items.Where(item => Markup.Plain(item.Key) is string)
            .Select(item => ((string)Markup.Plain(item.Key)!, item.Value))];
    }

    private static string ExpandTabs(BuiltinCall call)
    {
        string text = Scanned(call);
        long size = call.Whole(0, 8);
        TextBuilder builder = new(call.Budget);
        long column = 0L;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == '\t')
            {
                long count = size <= 0 ? 0 : size - column % size;
                builder.Append(Spaces(call, count));
                column += count;
                continue;
            }

            column = rune.Value is '\n' or '\r' ? 0 : column + 1;
            builder.Append(rune.ToString());
        }

        return builder.ToString();
    }

    /// <summary>So many spaces, paid for before they are made.</summary>
    public static string Spaces(BuiltinCall call, long count)
    {
        long width = Math.Clamp(count, 0, call.Budget.MaxCharacters + 1L);
        call.Budget.MakeText(width, width);
        return new string(' ', (int)width);
    }

    private static string Without(BuiltinCall call, bool isAtStart)
    {
        (string text, string affix) = (call.SubjectText, call.RequiredText(0));
        if (!(isAtStart ? text.StartsWith(affix, StringComparison.Ordinal) : text.EndsWith(affix, StringComparison.Ordinal)))
            return text;
        call.Budget.MakeText(text.Length, text.Length);
        return isAtStart ? text[affix.Length..] : text[..^affix.Length];
    }

    private static string FillZeros(BuiltinCall call)
    {
        string text = call.SubjectText;
        bool hasSign = text is ['-' or '+', ..];
        long missing = Missing(call, null);
        call.Budget.MakeText(missing + text.Length, missing + text.Length);
        return text[..(hasSign ? 1 : 0)] + new string('0', (int)missing) + text[(hasSign ? 1 : 0)..];
    }

    /// <summary>The text in the middle of a width.</summary>
    /// <param name="call">The call.</param>
    /// <param name="width">The width where none is given; null where one must be.</param>
    public static string Center(BuiltinCall call, long? width)
    {
        long missing = Missing(call, width);
        long left = missing / 2 + (missing & call.Whole(0, width ?? 0) & 1);
        return Padding(call, left) + call.SubjectText + Padding(call, missing - left);
    }

    private static long Missing(BuiltinCall call, long? width)
    {
        if (width is null)
            call.Required(0);
        string text = call.SubjectText;
        call.Budget.MakeText(text.Length, text.Length);
        return Math.Clamp(Math.Clamp(call.Whole(0, width ?? 0), 0, int.MaxValue) - CodePoints.Count(text), 0, call.Budget.MaxCharacters
            + 1L);
    }

    private static string Padding(BuiltinCall call, long count)
    {
        string fill = (call.Bound.Length > 1 ? call.Text(1) : null) ?? " ";
        if (fill.Length != 1)
            throw new TemplateFault($"{call.Name} is given a text of {fill.Length} characters to fill with; expected 1.");
        call.Budget.MakeText(count, count);
        return new string(fill[0], (int)count);
    }
}
