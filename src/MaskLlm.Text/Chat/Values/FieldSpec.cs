using System.Globalization;
using System.Numerics;

namespace MaskLlm.Chat.Values;

/// <summary>How a value is written into a field, as Python's two ways of formatting have it.</summary>
/// <param name="Type">The letter of the kind of number; <c>\0</c> where none is given.</param>
/// <param name="Precision">Digits, or the most characters of a text; null where it is not given.</param>
/// <param name="Width">The least width.</param>
/// <param name="Fill">What fills it.</param>
/// <param name="Align">Where the value stands: <c>&lt;</c>, <c>&gt;</c>, <c>^</c>, or <c>=</c> with the filling behind the sign.</param>
/// <param name="Sign">What stands before numbers above 0: <c>+</c>, a space, or nothing, <c>\0</c>.</param>
/// <param name="IsAlternate">True for prefixes such as <c>0x</c> and for zeros at the end.</param>
/// <param name="Grouping">What stands between groups of three digits; <c>\0</c> for nothing.</param>
internal sealed record FieldSpec(
    char Type = '\0', int? Precision = null, int Width = 0, char Fill = ' ', char Align = '\0', char Sign = '\0', bool IsAlternate = false,
        char Grouping = '\0')
{
    // No number has more digits behind its point: beyond are zeros.
    private const int MostDigits = 1100;

    /// <summary>The field of a text.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public string OfText(string text, Budget budget)
    {
        if (Precision is { } most && most < CodePoints.Count(text))
            text = text[..CodePoints.UnitOffset(text, most)];
        return Padded("", text, budget, '<');
    }

    /// <summary>The field of a whole number.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public string OfWhole(long number, Budget budget)
    {
        BigInteger size = BigInteger.Abs(number);
        (string digits, string prefix) = Type switch
        {
            'x' => (size.ToString("x", CultureInfo.InvariantCulture).TrimStart('0'), "0x"),
            'X' => (size.ToString("X", CultureInfo.InvariantCulture).TrimStart('0'), "0X"),
            'o' => (Convert.ToString((long)(ulong)size, 8), "0o"),
            'b' => (Convert.ToString((long)(ulong)size, 2), "0b"),
            _ => (size.ToString(CultureInfo.InvariantCulture), ""),
        };
        return Padded(SignOf(number < 0) + (IsAlternate ? prefix : ""), Grouped(digits.Length == 0 ? "0" : digits), budget, '>');
    }

    /// <summary>The field of a number.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public string OfFloat(double number, Budget budget)
    {
        // Exact digits take the longer the more there are.
        budget.Step(16 + Math.Min(Precision ?? 0, MostDigits));
        bool isPercent = Type == '%';
        double size = Math.Abs(number) * (isPercent ? 100 : 1);
        if (Precision is > MostDigits)
            budget.MakeText((long)Precision, (long)Precision);
        string digits = double.IsNaN(number) ? "nan" : double.IsInfinity(size) ? "inf" : Digits(size);
        digits = Type is 'E' or 'F' or 'G' ? digits.ToUpperInvariant() : digits;
        int point = digits.AsSpan().IndexOfAnyExceptInRange('0', '9');
        digits = double.IsFinite(size) && point > 0 ? Grouped(digits[..point]) + digits[point..] : double.IsFinite(size) ? Grouped(digits)
            : digits;
        return Padded(SignOf(double.IsNegative(number) && !double.IsNaN(number)), digits + (isPercent ? "%" : ""), budget, '>');
    }

    /// <summary>The field of a value that is written as the text of its digits or letters.</summary>
    private string Padded(string sign, string text, Budget budget, char otherwise)
    {
        long missing = (long)Width - sign.Length - CodePoints.Count(text);
        budget.MakeText(Math.Max(Width, sign.Length + text.Length), Math.Max(Width, sign.Length + text.Length));
        if (missing <= 0)
            return sign + text;
        string Filling(long count) => new(Fill, (int)count);
        return (Align == '\0' ? otherwise : Align) switch
        {
            '<' => sign + text + Filling(missing),
            '^' => Filling(missing / 2) + sign + text + Filling(missing - missing / 2),
            '=' => sign + Filling(missing) + text,
            _ => Filling(missing) + sign + text,
        };
    }

    private string SignOf(bool isNegative) => isNegative ? "-" : Sign is '+' or ' ' ? Sign.ToString() : "";

    private string Grouped(string digits)
    {
        if (Grouping == '\0')
            return digits;
        for (int at = digits.Length - 3; at > 0; at -= 3)
            digits = digits.Insert(at, Grouping.ToString());
        return digits;
    }

    private string Digits(double size)
    {
        switch (Type)
        {
            case 'f' or 'F' or '%':
                return Fixed(size, Precision ?? 6);
            case 'e' or 'E':
                return Scientific(size, Precision ?? 6);
            case '\0' when Precision is null:
                return Numbers.Write(size);
        }

        int precision = Math.Max(Precision ?? 6, 1);
        string scientific = Scientific(size, precision - 1);
        int exponent = int.Parse(scientific[(scientific.IndexOf('e', StringComparison.Ordinal) + 1)..], NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
        // Without a type there is always a digit behind the point, which counts.
        bool isFixed = exponent >= -4 && exponent < precision - (Type == '\0' ? 1 : 0);
        string digits = isFixed ? Fixed(size, precision - 1 - exponent) : scientific;
        if (IsAlternate)
            return digits;
        (string number, string power) = isFixed ? (digits, "")
            : (digits[..digits.IndexOf('e', StringComparison.Ordinal)], digits[digits.IndexOf('e', StringComparison.Ordinal)..]);
        number = number.Contains('.', StringComparison.Ordinal) ? number.TrimEnd('0').TrimEnd('.') : number;
        return number + (Type == '\0' && isFixed && !number.Contains('.', StringComparison.Ordinal) ? ".0" : "") + power;
    }

    /// <summary>A number with so many digits behind its point, rounded from its exact value, halves to the even neighbour.</summary>
    public static string Fixed(double size, int precision)
    {
        int exact = Math.Min(precision, MostDigits);
        long bits = BitConverter.DoubleToInt64Bits(size);
        int exponent = (int)(bits >> 52 & 0x7FF);
        BigInteger scaled = bits & ((1L << 52) - 1) | (exponent == 0 ? 0 : 1L << 52);
        int shift = Math.Max(exponent, 1) - 1075;
        scaled *= BigInteger.Pow(10, exact);
        if (shift >= 0)
        {
            scaled <<= shift;
        }
        else
        {
            BigInteger rest = scaled & ((BigInteger.One << -shift) - 1);
            BigInteger half = BigInteger.One << (-shift - 1);
            scaled >>= -shift;
            if (rest > half || (rest == half && !scaled.IsEven))
                scaled++;
        }

        string digits = scaled.ToString(CultureInfo.InvariantCulture).PadLeft(exact + 1, '0');
        return exact == 0 ? digits : $"{digits[..^exact]}.{digits[^exact..].PadRight(precision, '0')}";
    }

    private static string Scientific(double size, int precision)
    {
        int exact = Math.Min(precision, MostDigits);
        string[] parts = size.ToString($"E{exact}", CultureInfo.InvariantCulture).Split('E');
        int exponent = int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string zeros = new('0', precision - exact);
        return $"{parts[0]}{zeros}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }
}
