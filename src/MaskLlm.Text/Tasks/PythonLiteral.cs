using System.Globalization;
using System.Text;
using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Tasks;

/// <summary>Lists, dictionaries and texts as Python writes them, as JSON.</summary>
/// <remarks>Python language reference, lexical analysis, string and bytes literals; numbers and the like are not read.</remarks>
internal static class PythonLiteral
{
    /// <summary>JSON of a text that holds such a literal.</summary>
    /// <exception cref="InvalidDataException">It holds another.</exception>
    internal static string ToJson(JsonValue value)
    {
        string literal = value.Text();
        StringBuilder json = new();
        for (int at = 0; at < literal.Length;)
        {
            char letter = literal[at];
            if (letter is '\'' or '"')
            {
                at = Quoted(value, literal, at, json);
                continue;
            }
            if (!"[]{}:, \n\r\t".Contains(letter, StringComparison.Ordinal)) throw Other(value);
            json.Append(letter);
            at++;
        }
        return json.ToString();
    }

    private static int Quoted(JsonValue value, string literal, int at, StringBuilder json)
    {
        char quote = literal[at++];
        StringBuilder text = new();
        while (at < literal.Length && literal[at] != quote)
        {
            if (literal[at] != '\\') text.Append(literal[at++]);
            else at = Escaped(value, literal, at + 1, text);
        }
        if (at >= literal.Length) throw Other(value);
        json.Append(JsonSerializer.Serialize(text.ToString()));
        return at + 1;
    }

    private static int Escaped(JsonValue value, string literal, int at, StringBuilder text)
    {
        if (at >= literal.Length) throw Other(value);
        int digits = literal[at] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits >= literal.Length || !int.TryParse(literal.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out int point) || !Rune.IsValid(point)) throw Other(value);
            text.Append(new Rune(point));
            return at + 1 + digits;
        }
        text.Append(literal[at] switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'v' => "\v",
            '\n' => "",
            '\\' or '\'' or '"' => literal[at].ToString(),
            _ => "\\" + literal[at],
        });
        return at + 1;
    }

    private static InvalidDataException Other(JsonValue value) => value.Wrong("a list of Python's, with dictionaries and texts");
}
