using System.Globalization;
using System.Text;

namespace MaskLlm.Data;

/// <summary>The text between two documents of a text file, as a user writes it.</summary>
public static class DocumentSeparator
{
    /// <summary>Decodes the escapes <c>\n \r \t \0 \\ \uXXXX</c> of a separator typed on a command line.</summary>
    /// <param name="argument">What the user wrote, for example <c>\n\n\n</c>.</param>
    /// <returns>The separator itself: what <see cref="CorpusOptions.DocumentSeparator"/> takes.</returns>
    /// <exception cref="ArgumentException">The text is empty or holds an unknown or unfinished escape.</exception>
    public static string Parse(string argument)
    {
        ArgumentException.ThrowIfNullOrEmpty(argument);
        StringBuilder text = new(argument.Length);
        for (int i = 0; i < argument.Length; i++)
            text.Append(argument[i] == '\\' ? Unescape(argument, ref i) : argument[i]);
        return text.ToString();
    }

    /// <summary>The separator as <see cref="Parse"/> reads it, on one line.</summary>
    public static string Escape(string separator) => string.Concat(separator.Select(c => c switch
    {
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\\' => @"\\",
        _ when char.IsControl(c) => FormattableString.Invariant($"\\u{(int)c:x4}"),
        _ => $"{c}",
    }));

    /// <summary>Reads the escape at <paramref name="index"/> and leaves the index on its last character.</summary>
    private static char Unescape(string argument, ref int index)
    {
        char kind = ++index < argument.Length ? argument[index] : ' ';
        return kind switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            '\\' => '\\',
            'u' => CodeUnit(argument, ref index),
            _ => throw new ArgumentException(
                $"Document separator '{argument}': no such escape at character {index}; known are \\n \\r \\t \\0 \\\\ \\uXXXX.",
                nameof(argument)),
        };
    }

    private static char CodeUnit(string argument, ref int index)
    {
        const int digits = 4;
        if (argument.Length - index - 1 < digits
            || !ushort.TryParse(argument.AsSpan(index + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out ushort unit))
            throw new ArgumentException($"Document separator '{argument}': \\u at character {index} needs four hexadecimal digits.",
                nameof(argument));
        index += digits;
        return (char)unit;
    }
}
