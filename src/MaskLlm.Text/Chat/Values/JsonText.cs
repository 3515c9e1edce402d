using System.Globalization;

namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>json.dumps</c>.</summary>
/// <param name="budget">What pays for it.</param>
/// <param name="builder">Where the text goes.</param>
/// <param name="itemSeparator">Between items.</param>
/// <param name="keySeparator">Between a key and its value.</param>
/// <param name="indent">What each level is indented by, with a line for each item; null for one line.</param>
/// <param name="isAscii">True to escape all other characters.</param>
/// <param name="sortsKeys">True to sort the keys of dicts.</param>
internal sealed class JsonText(Budget budget, TextBuilder builder, string itemSeparator, string keySeparator, string? indent, bool isAscii,
    bool sortsKeys)
{
    /// <summary>Writes a value.</summary>
    /// <exception cref="TemplateFault">The value has no JSON, or the budget is spent.</exception>
    public void Write(object? value, int level = 0)
    {
        budget.Step();
        switch (Markup.Plain(value))
        {
            case string text:
                Quote(text);
                break;
            case Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence:
                WriteItems('[', sequence.Items, item => Write(item, level + 1), ']', level);
                break;
            case Mapping mapping:
                WriteItems('{', Sorted(mapping), item => WriteItem(item.Key, item.Value, level), '}', level);
                break;
            default:
                builder.Append(Scalar(value));
                break;
        }
    }

    private IEnumerable<(object? Key, object? Value)> Sorted(Mapping mapping)
    {
        if (!sortsKeys)
            return mapping.Items;
        budget.Step(4 * mapping.Count);
        budget.Sort(new Sequence([.. mapping.Keys]));
        return Ordering.Sort([.. mapping.Items], item => item.Key, isReversed: false);
    }

    private void WriteItems<T>(char open, IEnumerable<T> items, Action<T> write, char close, int level)
    {
        builder.Append(open);
        bool isFirst = true;
        foreach (T? item in items)
        {
            if (!isFirst)
                builder.Append(itemSeparator);
            isFirst = false;
            BreakLine(level + 1);
            write(item);
        }

        if (!isFirst)
            BreakLine(level);
        builder.Append(close);
    }

    private void BreakLine(int level)
    {
        if (indent is null)
            return;
        builder.Append('\n');
        for (int count = 0; count < level; count++)
            builder.Append(indent);
    }

    private void WriteItem(object? key, object? value, int level)
    {
        Quote(Markup.Plain(key) as string
            ?? (key is Sequence ? throw new TemplateFault("a tuple cannot be a key in JSON; expected a text.") : Scalar(key)));
        builder.Append(keySeparator);
        Write(value, level + 1);
    }

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool truth => truth ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        double number => Numbers.Write(number),
        Undefined undefined => throw new TemplateFault($"{undefined.Message} It cannot be written as JSON."),
        _ => throw new TemplateFault($"{TypeNames.Describe(value)} cannot be written as JSON."),
    };

    private void Quote(string text)
    {
        budget.Scan(text);
        builder.Append('"');
        foreach (char unit in text)
        {
            if (Escape(unit) is { } escape)
                builder.Append(escape);
            else
                builder.Append(unit);
        }

        builder.Append('"');
    }

    private string? Escape(char unit) => unit switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)unit:x4}",
        > '~' when isAscii => $"\\u{(int)unit:x4}",
        _ => null,
    };
}
