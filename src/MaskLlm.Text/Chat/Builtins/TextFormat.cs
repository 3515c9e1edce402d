using System.Globalization;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Python's <c>str.format</c>.</summary>
internal sealed class TextFormat
{
    private readonly BuiltinCall _call;
    private readonly IReadOnlyList<object?> _values;
    private readonly IReadOnlyList<(string Name, object? Value)> _named;
    private int _next;

    private TextFormat(BuiltinCall call, IReadOnlyList<object?> values, IReadOnlyList<(string Name, object? Value)> named)
    {
        _call = call;
        _values = values;
        _named = named;
    }

    /// <summary>The text with its fields filled in.</summary>
    /// <exception cref="TemplateFault">The values do not fit, or the budget is spent.</exception>
    public static string Write(BuiltinCall call, IReadOnlyList<object?> values, IReadOnlyList<(string Name, object? Value)> named) =>
        new TextFormat(call, values, named).Filled(call.SubjectText, depth: 2);

    // A field's format may have fields of its own, and those no more.
    private string Filled(string format, int depth)
    {
        if (depth == 0)
            throw new TemplateFault($"{_call.Name} is given fields within fields within fields; expected fewer levels.");
        TextBuilder builder = new(_call.Budget);
        for (int at = 0; at < format.Length;)
        {
            _call.Budget.Step();
            int next = format.AsSpan(at).IndexOfAny('{', '}');
            if (next < 0)
                return builder.Append(format[at..]).ToString();
            builder.Append(format[at..(at + next)]);
            at += next + 1;
            if (at < format.Length && format[at] == format[at - 1])
            {
                builder.Append(format[at++]);
                continue;
            }

            if (format[at - 1] == '}')
                throw new TemplateFault($"{_call.Name} finds a single '}}' in its text; expected '}}}}'.");
            int end = End(format, at);
            builder.Append(Field(format[at..end], depth));
            at = end + 1;
        }

        return builder.ToString();
    }

    private int End(string format, int at)
    {
        int open = 1;
        for (; at < format.Length; at++)
        {
            open += format[at] == '{' ? 1 : format[at] == '}' ? -1 : 0;
            if (open == 0)
                return at;
        }

        throw new TemplateFault($"{_call.Name} finds a '{{' without its end; expected '}}'.");
    }

    private string Field(string field, int depth)
    {
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? field : field[..colon];
        int bang = name.IndexOf('!', StringComparison.Ordinal);
        object? value = Value(bang < 0 ? name : name[..bang]);
        if (bang >= 0)
        {
            value = name[bang..] switch
            {
                "!s" => _call.Renderer.TextOf(value),
                "!r" or "!a" => PythonText.Representation(value, _call.Budget),
                _ => throw new TemplateFault($"{_call.Name} finds an unknown conversion; expected !s or !r."),
            };
        }

        return Written(value, colon < 0 ? "" : Filled(field[(colon + 1)..], depth - 1));
    }

    private object? Value(string path)
    {
        int end = path.AsSpan().IndexOfAny('.', '[');
        string name = end < 0 ? path : path[..end];
        object? value = name.Length == 0 ? At(_next++) : char.IsAsciiDigit(name[0])
            && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? At(index) : Named(name);
        for (int at = end; at >= 0 && at < path.Length;)
        {
            bool isItem = path[at] == '[';
            int close = isItem ? path.IndexOf(']', at) : path.AsSpan(at + 1).IndexOfAny('.', '[') is >= 0 and var length ? at + 1 + length
                : path.Length;
            if (close < 0 || !(isItem || path[at] == '.'))
                throw new TemplateFault($"{_call.Name} finds a damaged field; expected one such as {{a.b[0]}}.");
            string part = path[(at + 1)..close];
            value = isItem
                ? _call.Renderer.Members.Item(value, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long place)
                    ? place : part)
                : _call.Renderer.Members.Attribute(value, part);
            if (value is Undefined undefined)
                throw undefined.Fault();
            at = isItem ? close + 1 : close;
        }

        return value;
    }

    private object? At(int index) => index < _values.Count ? _values[index]
        : throw new TemplateFault($"{_call.Name} has a field for value {index}; {_values.Count} are given.");

    private object? Named(string name)
    {
        foreach ((string given, object? value) in _named)
        {
            if (given == name)
                return value;
        }

        throw new TemplateFault($"{_call.Name} has a field with a name that no value has.");
    }

    private string Written(object? value, string spec)
    {
        value = Markup.Plain(value);
        if (spec.Length == 0)
            return _call.Renderer.TextOf(value);
        FieldSpec field = Read(spec, value is string);
        switch (value)
        {
            case string text when field.Type is '\0' or 's':
                return field.OfText(text, _call.Budget);
            case long or bool when field.Type is '\0' or 'd' or 'n' or 'x' or 'X' or 'o' or 'b' && field.Precision is null:
                Numbers.TryWhole(value, out long whole);
                return field.OfWhole(whole, _call.Budget);
            case long or bool or double when field.Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%' or 'n'
                || (value is double && field.Type == '\0'):
                Numbers.TryFloat(value, out double number);
                return (field.Type == 'n' ? field with { Type = 'g' } : field).OfFloat(number, _call.Budget);
            default:
                throw new TemplateFault($"{_call.Name} has a field that does not take {TypeNames.Describe(value)}; expected one without a "
                    + $"format, or another value.");
        }
    }

    private FieldSpec Read(string spec, bool isText)
    {
        (FieldSpec? field, int at) = (new FieldSpec(), 0);
        bool isAlign = spec.Length > 1 && spec[1] is '<' or '>' or '^' or '=';
        if (isAlign || spec[0] is '<' or '>' or '^' or '=')
        {
            field = field with { Fill = isAlign ? spec[0] : ' ', Align = spec[isAlign ? 1 : 0] };
            at = isAlign ? 2 : 1;
        }

        char Peek() => at < spec.Length ? spec[at] : '\0';
        if (Peek() is '+' or '-' or ' ')
            field = field with { Sign = spec[at++] };
        if (Peek() == '#')
            (field, at) = (field with { IsAlternate = true }, at + 1);
        if (Peek() == '0' && field.Align == '\0')
            (field, at) = (field with { Fill = '0', Align = isText ? '<' : '=' }, at + 1);
        field = field with { Width = Number(spec, ref at) ?? 0 };
        if (Peek() is ',' or '_')
            field = field with { Grouping = spec[at++] };
        if (Peek() == '.')
        {
            at++;
            field = field with
            {
                Precision = Number(spec, ref at)
                ?? throw new TemplateFault(
                $"{_call.Name} has a field with a point and no number behind it; expected one such as {{:.2f}}.")
            };
        }

        if (at < spec.Length)
            field = field with { Type = spec[at++] };
        return at == spec.Length ? field
            : throw new TemplateFault($"{_call.Name} has a field with a damaged format; expected one such as {{:>5}} or {{:.2f}}.");
    }

    private static int? Number(string spec, ref int at)
    {
        (int start, long number) = (at, 0L);
        for (; at < spec.Length && char.IsAsciiDigit(spec[at]); at++)
            number = Math.Min(number * 10 + spec[at] - '0', int.MaxValue);
        return at == start ? null : (int)number;
    }
}
