using System.Globalization;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Python's <c>strftime</c>, in English.</summary>
internal static class DateText
{
    /// <summary>A time in a format such as <c>%d %b %Y</c>.</summary>
    /// <exception cref="NotSupportedException">The format has a letter that is not supported.</exception>
    public static string Write(DateTimeOffset time, string format, Budget budget)
    {
        TextBuilder builder = new(budget);
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                builder.Append(format[at]);
                continue;
            }

            // %-d: without the zero at its start.
            bool isShort = format[at + 1] == '-' && at + 2 < format.Length;
            budget.Step();
            at += isShort ? 2 : 1;
            string part = Part(time, format[at]);
            builder.Append(isShort && part.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : isShort ? "0" : part);
        }

        return builder.ToString();
    }

    private static string Part(DateTimeOffset time, char letter) => letter switch
    {
        'd' => Written(time, "dd"),
        'b' or 'h' => Written(time, "MMM"),
        'B' => Written(time, "MMMM"),
        'm' => Written(time, "MM"),
        'y' => Written(time, "yy"),
        'Y' => Written(time, "yyyy"),
        'H' => Written(time, "HH"),
        'I' => Written(time, "hh"),
        'M' => Written(time, "mm"),
        'S' => Written(time, "ss"),
        'f' => Written(time, "ffffff"),
        'p' => Written(time, "tt"),
        'a' => Written(time, "ddd"),
        'A' => Written(time, "dddd"),
        'F' => Written(time, "yyyy-MM-dd"),
        'T' => Written(time, "HH:mm:ss"),
        'D' => Written(time, "MM/dd/yy"),
        'R' => Written(time, "HH:mm"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        _ => throw new NotSupportedException(
            $"chat template: '%{letter}' in a date is not supported. Those for day, month, year, weekday and time are."),
    };

    private static string Written(DateTimeOffset time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
