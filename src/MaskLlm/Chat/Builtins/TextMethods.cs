using System.Buffers;
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
        ["upper"] = Plain(text => text.ToUpperInvariant()),
        ["lower"] = Plain(TextCase.Lower),
        ["title"] = Plain(text => TextCase.Title(text, unit => !char.IsLetter(unit))),
        ["capitalize"] = Plain(TextCase.Capitalize),
        ["swapcase"] = Plain(TextCase.Swap),
        ["strip"] = new(["chars"], call => Strip(call, atStart: true, atEnd: true)),
        ["lstrip"] = new(["chars"], call => Strip(call, atStart: true, atEnd: false)),
        ["rstrip"] = new(["chars"], call => Strip(call, atStart: false, atEnd: true)),
        ["removeprefix"] = new(["prefix"], call => call.SubjectText.StartsWith(call.RequiredText(0), StringComparison.Ordinal) ? call.SubjectText[call.RequiredText(0).Length..] : call.SubjectText),
        ["removesuffix"] = new(["suffix"], call => call.SubjectText.EndsWith(call.RequiredText(0), StringComparison.Ordinal) ? call.SubjectText[..^call.RequiredText(0).Length] : call.SubjectText),
        ["zfill"] = new(["width"], FillZeros),
        ["ljust"] = new(["width", "fillchar"], call => call.SubjectText + Padding(call, Missing(call))),
        ["rjust"] = new(["width", "fillchar"], call => Padding(call, Missing(call)) + call.SubjectText),
        ["center"] = new(["width", "fillchar"], Center),
        ["join"] = new(["iterable"], call => Join(call.Renderer, call.SubjectText, call.Renderer.Iterate(call.Required(0)))),
        ["isalpha"] = Check(char.IsLetter),
        ["isalnum"] = Check(unit => char.IsLetter(unit) || char.IsNumber(unit)),
        ["isdigit"] = Check(char.IsDigit),
        ["isdecimal"] = Check(char.IsDigit),
        ["isnumeric"] = Check(char.IsNumber),
        ["isspace"] = Check(Whitespace.Is),
        ["isascii"] = new(call => call.SubjectText.All(char.IsAscii)),
        ["isupper"] = new(call => TextCase.IsAll(call.SubjectText, char.IsUpper, char.IsLower)),
        ["islower"] = new(call => TextCase.IsAll(call.SubjectText, char.IsLower, char.IsUpper)),
    };

    /// <summary>A text without some characters at its ends; white space where none are given.</summary>
    public static string Strip(BuiltinCall call, bool atStart, bool atEnd)
    {
        var text = call.SubjectText;
        if (call.Text(0) is { } characters)
        {
            // The set makes it a matter of the text's length alone.
            var set = SearchValues.Create(characters);
            var start = atStart ? text.AsSpan().IndexOfAnyExcept(set) : 0;
            var end = atEnd ? text.AsSpan().LastIndexOfAnyExcept(set) + 1 : text.Length;
            return start < 0 || end <= start ? "" : call.Budget.Made(text[start..end]);
        }

        text = atStart ? Whitespace.TrimStart(text) : text;
        return call.Budget.Made(atEnd ? Whitespace.TrimEnd(text) : text);
    }

    /// <summary>The texts with a separator between them.</summary>
    /// <exception cref="TemplateFault">One of them is no text.</exception>
    public static string Join(Renderer renderer, string separator, IEnumerable<object?> items)
    {
        var builder = new TextBuilder(renderer.Budget);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                builder.Append(separator);
            isFirst = false;
            builder.Append(item as string ?? throw new TemplateFault($"{TypeNames.Describe(item)} is joined to a text; expected texts only."));
        }

        return builder.ToString();
    }

    private static Builtin Plain(Func<string, string> change) => new(call => call.Budget.Made(change(call.SubjectText)));

    private static Builtin Check(Func<char, bool> holds) => new(call => call.SubjectText is { Length: > 0 } text && text.All(holds));

    private static string FillZeros(BuiltinCall call)
    {
        var text = call.SubjectText;
        var hasSign = text is ['-' or '+', ..];
        var missing = Missing(call);
        call.Budget.MakeText(missing, missing);
        return text[..(hasSign ? 1 : 0)] + new string('0', (int)missing) + text[(hasSign ? 1 : 0)..];
    }

    private static string Center(BuiltinCall call)
    {
        var missing = Missing(call);
        var left = missing / 2 + (missing & call.Whole(0, 0) & 1);
        return Padding(call, left) + call.SubjectText + Padding(call, missing - left);
    }

    private static long Missing(BuiltinCall call)
    {
        call.Required(0);
        return Math.Clamp(call.Whole(0, 0) - CodePoints.Count(call.SubjectText), 0, call.Budget.MaxCharacters + 1L);
    }

    private static string Padding(BuiltinCall call, long count)
    {
        var fill = call.Text(1) ?? " ";
        if (fill.Length != 1)
            throw new TemplateFault($"{call.Name} is given a text of {fill.Length} characters to fill with; expected 1.");
        call.Budget.MakeText(count, count);
        return new string(fill[0], (int)count);
    }
}
