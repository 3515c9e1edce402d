using System.Buffers;
using System.Globalization;
using System.Numerics;

namespace MaskLlm.Numerals;

/// <summary>
/// Numbers as people and files write them, the same in every country: ASCII digits, a sign, and for numbers that need not be whole a
/// point and an exponent. No separators of thousands, no spaces, no names such as NaN, nothing that is beyond the type.
/// </summary>
internal static class NumberText
{
    private const int MostZeros = 9;
    private const NumberStyles Whole = NumberStyles.AllowLeadingSign,
        Decimal = Whole | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789"),
        WholeLetters = SearchValues.Create("+-0123456789"), DecimalLetters = SearchValues.Create("+-.0123456789Ee");

    /// <summary>Reads a finite number; of a type of whole ones, digits with or without a sign.</summary>
    internal static bool TryRead<T>(ReadOnlySpan<char> text, out T number)
        where T : struct, INumberBase<T> => IsOfWhole<T>()
            ? TryRead(text, WholeLetters, Whole, out number)
            : TryRead(text, DecimalLetters, Decimal, out number) && T.IsFinite(number);

    /// <summary>Reads digits alone.</summary>
    internal static bool TryDigits<T>(ReadOnlySpan<char> text, out T number)
        where T : struct, INumberBase<T> => TryRead(text, Digits, NumberStyles.None, out number);

    /// <summary>Whether a text is a number of this kind, though perhaps one beyond the type.</summary>
    internal static bool IsNumber<T>(ReadOnlySpan<char> text)
        where T : struct, INumberBase<T> => IsOfWhole<T>() ? TryRead(text, out BigInteger _)
            : TryRead(text, DecimalLetters, Decimal, out double _);

    /// <summary>A number for people: without an exponent where it has few digits without one.</summary>
    internal static string Shown<T>(T number)
        where T : struct, INumberBase<T>
    {
        string text = number.ToString(null, CultureInfo.InvariantCulture);
        int exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        if (exponentAt < 0 || !int.TryParse(text.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out int exponent)) return text;
        return Math.Abs(exponent) > MostZeros ? text : decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
            .ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Whether a type has whole numbers only.</summary>
    internal static bool IsOfWhole<T>()
        where T : struct, INumberBase<T> => T.IsZero(T.CreateTruncating(0.5));

    // The letters are looked at first: .NET's own parsers also take zero bytes after the number.
    private static bool TryRead<T>(ReadOnlySpan<char> text, SearchValues<char> letters, NumberStyles style, out T number)
        where T : struct, INumberBase<T>
    {
        number = T.Zero;
        return !text.IsEmpty && !text.ContainsAnyExcept(letters) && T.TryParse(text, style, CultureInfo.InvariantCulture, out number);
    }
}
