using System.Globalization;

namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>str()</c> and <c>repr()</c>.</summary>
internal static class PythonText
{
    /// <summary>What a value prints as.</summary>
    /// <exception cref="TemplateFault">The budget is spent, or the value is undefined and that is refused.</exception>
    /// <exception cref="NotSupportedException">The value is a function or the like, which print as an address in Python.</exception>
    public static string Of(object? value, Budget budget)
    {
        if (Markup.Plain(value) is string text)
            return text;
        if (value is Undefined undefined)
            return budget.RefusesUndefined ? throw undefined.Fault() : "";
        TextBuilder builder = new(budget);
        Represent(value, builder, budget);
        return builder.ToString();
    }

    /// <summary>What a value prints as within another: texts in quotes.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public static string Representation(object? value, Budget budget)
    {
        TextBuilder builder = new(budget);
        Represent(value, builder, budget);
        return builder.ToString();
    }

    private static void Represent(object? value, TextBuilder builder, Budget budget)
    {
        budget.Step();
        switch (value)
        {
            case string text:
                Quote(text, builder, budget);
                break;
            case Markup markup:
                builder.Append("Markup(");
                Quote(markup.Text, builder, budget);
                builder.Append(')');
                break;
            case Sequence sequence:
                Represent(sequence, builder, budget);
                break;
            case Mapping mapping:
                builder.Append('{');
                Join(mapping.Items, item => RepresentItem(item.Key, item.Value, builder, budget), builder);
                builder.Append('}');
                break;
            default:
                builder.Append(Scalar(value));
                break;
        }
    }

    private static string Scalar(object? value) => value switch
    {
        null => "None",
        bool truth => truth ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Numbers.Write(number),
        Undefined => "Undefined",
        _ => throw new NotSupportedException(
            $"chat template: to print {TypeNames.Describe(value)} is not supported. Print what it gives or holds."),
    };

    private static void Represent(Sequence sequence, TextBuilder builder, Budget budget)
    {
        if (sequence.Kind is not (SequenceKind.List or SequenceKind.Tuple))
            throw new NotSupportedException(
                $"chat template: to print {TypeNames.Describe(sequence)} is not supported. Make a list of it first, with the "
                    + $"filter 'list'.");
        bool isTuple = sequence.Kind == SequenceKind.Tuple;
        builder.Append(isTuple ? '(' : '[');
        Join(sequence.Items, item => Represent(item, builder, budget), builder);
        if (isTuple && sequence.Items.Count == 1)
            builder.Append(',');
        builder.Append(isTuple ? ')' : ']');
    }

    private static void RepresentItem(object? key, object? value, TextBuilder builder, Budget budget)
    {
        Represent(key, builder, budget);
        builder.Append(": ");
        Represent(value, builder, budget);
    }

    private static void Join<T>(IEnumerable<T> items, Action<T> write, TextBuilder builder)
    {
        bool isFirst = true;
        foreach (T? item in items)
        {
            if (!isFirst)
                builder.Append(", ");
            isFirst = false;
            write(item);
        }
    }

    private static void Quote(string text, TextBuilder builder, Budget budget)
    {
        budget.Scan(text);
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        builder.Append(quote);
        for (int at = 0; at < text.Length; at++)
        {
            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]))
                builder.Append(Escaped(char.ConvertToUtf32(text[at], text[++at]), quote));
            else
                builder.Append(Escaped(text[at], quote));
        }

        builder.Append(quote);
    }

    private static string Escaped(int point, char quote) => point switch
    {
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when point == quote => $"\\{quote}",
        _ when IsPrintable(point) => point > char.MaxValue ? char.ConvertFromUtf32(point) : ((char)point).ToString(),
        <= 0xFF => $"\\x{point:x2}",
        <= 0xFFFF => $"\\u{point:x4}",
        _ => $"\\U{point:x8}",
    };

    /// <summary>Whether a character is written as it is.</summary>
    public static bool IsPrintable(int point) => point == ' ' || CharUnicodeInfo.GetUnicodeCategory(point) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
