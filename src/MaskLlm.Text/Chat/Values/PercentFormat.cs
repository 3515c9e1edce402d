namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>format % values</c>.</summary>
/// <param name="budget">What pays for it.</param>
/// <param name="escape">What is done with texts that are not marked safe; null for nothing.</param>
internal sealed class PercentFormat(Budget budget, Func<string, string>? escape)
{
    private string _format = "";
    private object? _values;
    private int _at;
    private int _used;

    /// <summary>The text with its fields filled in.</summary>
    /// <exception cref="TemplateFault">The values do not fit, or the budget is spent.</exception>
    public string Write(string format, object? values)
    {
        (_format, _values, _at, _used) = (format, values, 0, 0);
        budget.Read(format);
        TextBuilder builder = new(budget);
        for (int next = format.IndexOf('%', StringComparison.Ordinal); next >= 0; next = format.IndexOf('%', _at))
        {
            budget.Step();
            builder.Append(format[_at..next]);
            _at = next + 1;
            builder.Append(Field());
        }

        builder.Append(format[_at..]);
        bool isOfMany = _values is Sequence { Kind: SequenceKind.Tuple };
        if (isOfMany ? _used < ((Sequence)_values!).Items.Count : _used == 0 && _values is not (Mapping or Sequence { HasIndex: true }))
            throw new TemplateFault("'%' is given more values than the text has fields; expected as many.");
        return builder.ToString();
    }

    private string Field()
    {
        object? value = CallArguments.Absent;
        if (Peek() == '(')
            value = Named();
        FieldSpec spec = new() { Align = '>' };
        for (; Peek() is '#' or '0' or '-' or '+' or ' '; _at++)
            spec = WithFlag(spec, Peek());
        spec = spec with { Width = Number() ?? 0 };
        if (spec.Width < 0)
            spec = spec with { Width = -spec.Width, Align = '<' };
        if (Peek() == '.')
        {
            _at++;
            spec = spec with { Precision = Math.Max(Number() ?? 0, 0) };
        }

        while (Peek() is 'h' or 'l' or 'L')
            _at++;
        char type = Peek();
        _at++;
        if (type == '%')
            return "%";
        return Write(spec with { Type = type }, ReferenceEquals(value, CallArguments.Absent) ? Next() : value);
    }

    private static FieldSpec WithFlag(FieldSpec spec, char flag) => flag switch
    {
        '#' => spec with { IsAlternate = true },
        '0' => spec.Align == '<' ? spec : spec with { Fill = '0', Align = '=' },
        '-' => spec with { Fill = ' ', Align = '<' },
        '+' => spec with { Sign = '+' },
        _ => spec.Sign == '+' ? spec : spec with { Sign = ' ' },
    };

    private string Write(FieldSpec spec, object? value)
    {
        FieldSpec ofText = spec with { Fill = ' ', Align = spec.Align == '<' ? '<' : '>' };
        switch (spec.Type)
        {
            case 's':
                return ofText.OfText(Escaped(value is Undefined ? "" : PythonText.Of(value, budget), value), budget);
            case 'r' or 'a':
                return ofText.OfText(Escaped(PythonText.Representation(value, budget), null), budget);
            case 'c':
                return ofText.OfText(Character(value), budget);
            case 'd' or 'i' or 'u' or 'o' or 'x' or 'X':
                return spec.OfWhole(Whole(spec.Type, value), budget);
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G' when Numbers.TryFloat(value, out double number):
                return spec.OfFloat(number, budget);
            default:
                throw new TemplateFault($"the field '%{(spec.Type == '\0' ? "" : spec.Type)}' does not take {TypeNames.Describe(value)}; "
                    + $"expected a field such as %s or %d and its value.");
        }
    }

    private string Escaped(string text, object? value) => escape is null || value is Markup ? text : escape(text);

    private static string Character(object? value) => Markup.Plain(value) switch
    {
        string text when CodePoints.Count(text) == 1 => text,
        long point and >= 0 and <= 0x10FFFF and not (>= 0xD800 and <= 0xDFFF) => char.ConvertFromUtf32((int)point),
        _ => throw new TemplateFault($"the field '%c' does not take {TypeNames.Describe(value)}; expected one character."),
    };

    private static long Whole(char type, object? value)
    {
        if (Numbers.TryWhole(value, out long whole))
            return whole;
        return type is 'd' or 'i' or 'u' && value is double number && Math.Abs(number) < long.MaxValue
            ? (long)number
            : throw new TemplateFault($"the field '%{type}' does not take {TypeNames.Describe(value)}; expected a whole number.");
    }

    private char Peek() => _at < _format.Length ? _format[_at] : '\0';

    private object? Named()
    {
        int start = ++_at;
        for (int depth = 1; depth > 0; _at++)
        {
            if (_at >= _format.Length)
                throw new TemplateFault("'%(' has no end in the text; expected ')'.");
            depth += _format[_at] == '(' ? 1 : _format[_at] == ')' ? -1 : 0;
        }

        string name = _format[start..(_at - 1)];
        budget.Read(name);
        _used++;
        if (_values is Mapping mapping && mapping.TryGet(name, out object? value))
            return value;
        throw new TemplateFault("a field with a name finds no value of this name; expected a dict that has it.");
    }

    private int? Number()
    {
        if (Peek() == '*')
        {
            _at++;
            return Numbers.TryWhole(Next(), out long given) ? (int)Math.Clamp(given, -int.MaxValue, int.MaxValue)
                : throw new TemplateFault("the width '*' is given no number; expected a whole one.");
        }

        int start = _at;
        long number = 0L;
        for (; char.IsAsciiDigit(Peek()); _at++)
            number = Math.Min(number * 10 + Peek() - '0', int.MaxValue);
        return _at == start ? null : (int)number;
    }

    private object? Next()
    {
        bool isOfMany = _values is Sequence { Kind: SequenceKind.Tuple };
        if (_used >= (isOfMany ? ((Sequence)_values!).Items.Count : 1))
            throw new TemplateFault("'%' is given fewer values than the text has fields; expected as many.");
        return isOfMany ? ((Sequence)_values!).Items[_used++] : (_used++, _values)._values;
    }
}
