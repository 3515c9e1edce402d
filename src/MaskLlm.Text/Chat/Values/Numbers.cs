using System.Globalization;
using System.Text;

namespace MaskLlm.Chat.Values;

/// <summary>Numbers as Python has them; whole ones up to 2^63.</summary>
internal static class Numbers
{
    /// <summary>A whole number, or a truth as one.</summary>
    public static bool TryWhole(object? value, out long number)
    {
        number = value switch { long whole => whole, true => 1, _ => 0 };
        return value is long or bool;
    }

    /// <summary>Any number, or a truth as one.</summary>
    public static bool TryFloat(object? value, out double number)
    {
        number = value switch { double real => real, long whole => whole, true => 1, _ => 0 };
        return value is double or long or bool;
    }

    /// <summary>A number from text, as <c>int()</c> reads it.</summary>
    public static bool TryParseWhole(string text, out long number) =>
        long.TryParse(Digits(text), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <summary>A number from text, as <c>float()</c> reads it.</summary>
    public static bool TryParseFloat(string text, out double number)
    {
        string digits = Digits(text);
        string word = digits.TrimStart('+', '-').ToUpperInvariant();
        number = word == "NAN" ? double.NaN : digits.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity;
        return word is "NAN" or "INF" or "INFINITY"
            || double.TryParse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture, out number);
    }

    /// <summary>The text of a number, as <c>str()</c> writes it: the shortest that reads back, with a point.</summary>
    public static string Write(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        string sign = double.IsNegative(number) ? "-" : "";
        (string digits, int exponent) = Decompose(Math.Abs(number));
        if (exponent is < -4 or >= 16)
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        string whole = digits.PadRight(exponent + 1, '0');
        return $"{sign}{whole[..(exponent + 1)]}.{(whole.Length > exponent + 1 ? whole[(exponent + 1)..] : "0")}";
    }

    /// <summary>The significant digits, and the power of ten of the first.</summary>
    private static (string Digits, int Exponent) Decompose(double number)
    {
        string[] parts = number.ToString("R", CultureInfo.InvariantCulture).Split('E');
        (string mantissa, int point) = (parts[0], parts[0].IndexOf('.', StringComparison.Ordinal));
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        string significant = digits.TrimStart('0');
        if (significant.Length == 0)
            return ("0", 0);
        int exponent = parts.Length > 1 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        int whole = point < 0 ? mantissa.Length : point;
        return (significant.TrimEnd('0'), whole - (digits.Length - significant.Length) - 1 + exponent);
    }

    private static string Digits(string text)
    {
        string trimmed = Syntax.Whitespace.Trim(text);
        bool isSpaced = trimmed.Contains('_', StringComparison.Ordinal) && !trimmed.StartsWith('_') && !trimmed.EndsWith('_')
            && !trimmed.Contains("__", StringComparison.Ordinal);
        return isSpaced ? new StringBuilder(trimmed).Replace("_", "").ToString() : trimmed;
    }
}
