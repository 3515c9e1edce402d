using System.Globalization;

namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>json.dumps</c>.</summary>
/// <param name="builder">Where the text goes.</param>
/// <param name="itemSeparator">Between items.</param>
/// <param name="keySeparator">Between a key and its value.</param>
/// <param name="indent">What each level is indented by, with a line for each item; null for one line.</param>
/// <param name="isAscii">True to escape all other characters.</param>
/// <param name="sortsKeys">True to sort the keys of dicts.</param>
internal sealed class JsonText(TextBuilder builder, string itemSeparator, string keySeparator, string? indent, bool isAscii, bool sortsKeys)
{
    /// <summary>Writes a value.</summary>
    /// <exception cref="TemplateFault">The value has no JSON, or the budget is spent.</exception>
    public void Write(object? value, int level = 0)
    {
        switch (value)
        {
            case string text:
                Quote(text);
                break;
            case Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence:
                WriteItems('[', [.. sequence.Items.Select(item => (Action)(() => Write(item, level + 1)))], ']', level);
                break;
            case Mapping mapping:
                WriteItems('{', [.. Sorted(mapping).Select(item => (Action)(() => WriteItem(item.Key, item.Value, level)))], '}', level);
                break;
            default:
                builder.Append(Scalar(value));
                break;
        }
    }

    private List<(object? Key, object? Value)> Sorted(Mapping mapping)
    {
        List<(object? Key, object? Value)> items = [.. mapping.Items];
        return sortsKeys ? Ordering.Sort(items, item => item.Key, isReversed: false) : items;
    }

    private void WriteItems(char open, List<Action> items, char close, int level)
    {
        builder.Append(open);
        for (var index = 0; index < items.Count; index++)
        {
            if (index > 0)
                builder.Append(itemSeparator);
            BreakLine(level + 1);
            items[index]();
        }

        if (items.Count > 0)
            BreakLine(level);
        builder.Append(close);
    }

    private void BreakLine(int level)
    {
        if (indent is null)
            return;
        builder.Append('\n');
        for (var count = 0; count < level; count++)
            builder.Append(indent);
    }

    private void WriteItem(object? key, object? value, int level)
    {
        Quote(key as string ?? (key is Sequence ? throw new TemplateFault("a tuple cannot be a key in JSON; expected a text.") : Scalar(key)));
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
        builder.Append('"');
        foreach (var unit in text)
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
