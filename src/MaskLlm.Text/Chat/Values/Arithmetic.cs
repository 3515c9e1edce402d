namespace MaskLlm.Chat.Values;

/// <summary>Python's arithmetic.</summary>
internal sealed class Arithmetic(Budget budget)
{
    /// <summary>The result of an operator.</summary>
    /// <exception cref="TemplateFault">The operands do not go with it, or the result is too large.</exception>
    public object? Apply(string sign, object? left, object? right)
    {
        if (left is Undefined undefined)
            throw undefined.Fault();
        if (right is Undefined other)
            throw other.Fault();
        if (Numbers.TryWhole(left, out long whole) && Numbers.TryWhole(right, out long otherWhole))
            return Whole(sign, whole, otherWhole);
        if (Numbers.TryFloat(left, out double number) && Numbers.TryFloat(right, out double otherNumber))
            return Float(sign, number, otherNumber);
        return OfOthers(sign, left, right)
            ?? throw new TemplateFault($"'{sign}' does not take {TypeNames.Describe(left)} and {TypeNames.Describe(right)}. Convert one "
                + $"of them first.");
    }

    /// <summary>The number with or without the other sign.</summary>
    /// <exception cref="TemplateFault">It is no number.</exception>
    public static object Sign(object? value, bool isNegative) => value switch
    {
        Undefined undefined => throw undefined.Fault(),
        double number => (object)(isNegative ? -number : number),
        long.MinValue when isNegative => throw new TemplateFault("the result of '-' is beyond 2^63; expected a smaller number."),
        _ when Numbers.TryWhole(value, out long whole) => isNegative ? -whole : whole,
        _ => throw new TemplateFault($"{TypeNames.Describe(value)} has no sign; expected a number."),
    };

    private static object Whole(string sign, long left, long right)
    {
        try
        {
            // As an object: what the results has in common would be the floating-point number.
            return sign switch
            {
                "+" => (object)checked(left + right),
                "-" => checked(left - right),
                "*" => checked(left * right),
                "/" => left / (double)NonZero(right),
                "//" => FloorDivide(left, NonZero(right)),
                "%" => Modulo(left, NonZero(right)),
                _ => right < 0 ? Math.Pow(NonZero(left), right) : (object)Power(left, right),
            };
        }
        catch (OverflowException)
        {
            throw new TemplateFault($"the result of '{sign}' is beyond 2^63; expected a smaller number.");
        }
    }

    // Division of the smallest number by -1 overflows.
    private static long FloorDivide(long left, long right) =>
        right == -1 ? checked(-left) : left / right - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0);

    private static long Modulo(long left, long right)
    {
        long rest = right == -1 ? 0 : left % right;
        return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
    }

    private static long Power(long number, long exponent)
    {
        if (number is 0 or 1 or -1)
            return exponent == 0 ? 1 : number == -1 && exponent % 2 == 0 ? 1 : number;
        long result = 1L;
        for (; exponent > 0; exponent--)
            result = checked(result * number);
        return result;
    }

    private static long NonZero(long divisor) => divisor != 0 ? divisor : throw ByZero();

    private static TemplateFault ByZero() => new("division by 0; expected another divisor.");

    private static double Float(string sign, double left, double right) => sign switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "**" => Math.Pow(left, right),
        _ when right == 0 => throw ByZero(),
        "/" => left / right,
        "//" => FloorDivide(left, right),
        _ => Modulo(left, right),
    };

    // By the exact rest, not by a quotient that is rounded.
    private static double Modulo(double left, double right)
    {
        double rest = left % right;
        if (rest == 0)
            return Math.CopySign(0, right);
        return (rest < 0) != (right < 0) ? rest + right : rest;
    }

    private static double FloorDivide(double left, double right)
    {
        double quotient = (left - Modulo(left, right)) / right;
        if (quotient == 0)
            return Math.CopySign(0, left / right);
        double floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private object? OfOthers(string sign, object? left, object? right) => (sign, left, right) switch
    {
        ("+", string text, string other) => Concatenate(text, other),
        ("+", Sequence items, Sequence others) when items.Kind == others.Kind && IsPlain(items) => Concatenate(items, others),
        ("*", string text, long or bool) => Repeat(text, right),
        ("*", long or bool, string text) => Repeat(text, left),
        ("*", Sequence items, long or bool) when IsPlain(items) => Repeat(items, right),
        ("*", long or bool, Sequence items) when IsPlain(items) => Repeat(items, left),
        ("%", string text, _) => new PercentFormat(budget, null).Write(text, right),
        (_, Markup, _) or (_, _, Markup) => OfMarkup(sign, left, right),
        _ => null,
    };

    // What meets a text that is marked safe is escaped, on either side.
    private Markup? OfMarkup(string sign, object? left, object? right)
    {
        if (sign == "%" && left is Markup format)
            return new Markup(new PercentFormat(budget, text => Markup.Escape(text, budget)).Write(format.Text, right));
        bool isSum = sign == "+" && left is string or Markup && right is string or Markup;
        (object? first, object? second) = isSum ? (Escaped(left), Escaped(right)) : (Markup.Plain(left), Markup.Plain(right));
        return sign is "+" or "*" && OfOthers(sign, first, second) is string text ? new Markup(text) : null;
    }

    private object? Escaped(object? value) => value is string text ? Markup.Escape(text, budget) : Markup.Plain(value);

    private static bool IsPlain(Sequence items) => items.Kind is SequenceKind.List or SequenceKind.Tuple;

    private string Concatenate(string left, string right)
    {
        long length = (long)left.Length + right.Length;
        budget.MakeText(length, length);
        return left + right;
    }

    private Sequence Concatenate(Sequence left, Sequence right)
    {
        budget.Step(left.Items.Count + right.Items.Count);
        return new Sequence([.. left.Items, .. right.Items], left.Kind);
    }

    private string Repeat(string text, object? times)
    {
        long count = Times(times);
        budget.MakeText(text.Length * count, text.Length * count);
        return string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : (int)count));
    }

    private Sequence Repeat(Sequence items, object? times)
    {
        Numbers.TryWhole(times, out long count);
        if (count <= 0 || items.Items.Count == 0)
            return new Sequence([], items.Kind);
        budget.Step(count > long.MaxValue / items.Items.Count ? long.MaxValue : items.Items.Count * count);
        return new Sequence([.. Enumerable.Repeat(items.Items, (int)count).SelectMany(list => list)], items.Kind);
    }

    // A character more than there may be is as much too long as any number of them, and does not overflow.
    private long Times(object? times)
    {
        Numbers.TryWhole(times, out long count);
        return Math.Clamp(count, 0, budget.MaxCharacters + 1L);
    }
}
