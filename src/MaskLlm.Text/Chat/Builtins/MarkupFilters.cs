using System.Globalization;
using System.Text;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters for HTML and addresses, and for sizes.</summary>
internal static class MarkupFilters
{
    private static readonly string[] Units = ["k", "M", "G", "T", "P", "E", "Z", "Y"];

    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["urlencode"] = new(UrlEncode),
        ["xmlattr"] = new(["autospace"], WriteAttributes),
        ["striptags"] = new(StripTags),
        ["filesizeformat"] = new(["binary"], WriteSize),
    };

    private static string UrlEncode(BuiltinCall call)
    {
        if (call.Subject is not (Mapping or Sequence or Undefined))
            return Quoted(call, call.Subject, isQuery: false);
        IReadOnlyList<object?> pairs = call.Subject is Mapping mapping ? MappingMethods.Pairs(call.Budget, mapping) : call.Items();
        TextBuilder builder = new(call.Budget);
        bool isFirst = true;
        foreach (object? pair in pairs)
        {
            if (call.Renderer.Iterate(pair) is not [var key, var value])
                throw new TemplateFault($"{call.Name} is given items that are no pairs; expected names with values.");
            builder.Append(isFirst ? "" : "&").Append(Quoted(call, key, isQuery: true)).Append("=")
                .Append(Quoted(call, value, isQuery: true));
            isFirst = false;
        }

        return builder.ToString();
    }

    private static string Quoted(BuiltinCall call, object? value, bool isQuery)
    {
        string text = call.Renderer.TextOf(value);
        call.Budget.Scan(text);
        TextBuilder builder = new(call.Budget);
        Span<byte> bytes = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isPlain = rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '_' or '.' or '-' or '~');
            if (isPlain || (rune.Value == '/' && !isQuery))
                builder.Append((char)rune.Value);
            else if (rune.Value == ' ' && isQuery)
                builder.Append('+');
            else
                foreach (byte part in bytes[..rune.EncodeToUtf8(bytes)])
                    builder.Append($"%{part:X2}");
        }

        return builder.ToString();
    }

    private static object WriteAttributes(BuiltinCall call)
    {
        if (call.Defined is not Mapping mapping)
            throw call.Unfit(call.Subject, "a dict");
        TextBuilder builder = new(call.Budget);
        bool isFirst = true;
        foreach ((object? key, object? value) in mapping.Items)
        {
            call.Budget.Step();
            if (value is null or Undefined)
                continue;
            string name = Markup.Plain(key) as string ?? throw call.Unfit(key, "names as keys");
            if (name.Any(unit => Whitespace.Is(unit) || unit is '/' or '>' or '='))
                throw new TemplateFault(
                    $"{call.Name} is given a name with white space or one of / > =; expected the name of an attribute.");
            builder.Append(isFirst && !call.Flag(0, true) ? "" : " ").Append(Escaped(call, key)).Append("=\"").Append(Escaped(call, value))
                .Append("\"");
            isFirst = false;
        }

        return call.Renderer.Escapes ? new Markup(builder.ToString()) : builder.ToString();
    }

    private static string Escaped(BuiltinCall call, object? value) => value is Markup markup ? markup.Text
        : Markup.Escape(call.Renderer.TextOf(value), call.Budget);

    private static string StripTags(BuiltinCall call)
    {
        string text = call.SubjectText;
        call.Budget.Scan(text);
        call.Budget.MakeText(text.Length, 3L * text.Length);
        return CharacterReferences.Decode(OneSpaced(Without(Without(text, "<!--", "-->"), "<", ">")));
    }

    // As markupsafe: what is left may begin one again, with what stood before it.
    private static string Without(string text, string open, string close)
    {
        (char[]? kept, int length, int start) = (new char[text.Length], 0, -1);
        foreach (char unit in text)
        {
            kept[length++] = unit;
            if (start < 0 && kept.AsSpan(0, length).EndsWith(open))
                start = length - open.Length;
            if (start >= 0 && kept.AsSpan(start + 1, length - start - 1).EndsWith(close))
                (length, start) = (start, -1);
        }

        return new string(kept, 0, length);
    }

    private static string OneSpaced(string text)
    {
        StringBuilder result = new(text.Length);
        foreach (char unit in text)
        {
            if (!Whitespace.Is(unit))
                result.Append(unit);
            else if (result.Length > 0 && result[^1] != ' ')
                result.Append(' ');
        }

        return result.Length > 0 && result[^1] == ' ' ? result.ToString(0, result.Length - 1) : result.ToString();
    }

    private static string WriteSize(BuiltinCall call)
    {
        if (!Numbers.TryFloat(call.Defined, out double size) && !(call.Subject is string text && Numbers.TryParseFloat(text, out size)))
            throw call.Unfit(call.Subject, "a number");
        bool isBinary = call.Flag(0, false);
        double step = isBinary ? 1024.0 : 1000.0;
        if (size == 1)
            return "1 Byte";
        if (size < step)
            return double.IsFinite(size) ? $"{((long)size).ToString(CultureInfo.InvariantCulture)} Bytes"
                : throw call.Unfit(size, "a finite number");
        int power = 0;
        double unit = step * step;
        while (power < Units.Length - 1 && !(size < unit))
        {
            unit *= step;
            power++;
        }

        FieldSpec spec = new('f', Precision: 1);
        return $"{spec.OfFloat(step * size / unit, call.Budget)} {(isBinary ? Units[power].ToUpperInvariant() + "i" : Units[power])}B";
    }
}
