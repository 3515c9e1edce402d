using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace MaskLlm.Chat.Builtins;

/// <summary>Upper and lower case as Python has them: <c>ß</c> in upper case is <c>SS</c>, and a sigma at the end of a word
/// <c>ς</c>.</summary>
internal static class TextCase
{
    /// <summary>
    /// Characters that are several in upper case, in hexadecimal: <c>CHAR=UPPER/TITLE</c>, without a title where it is the first of these
    /// with the rest in lower case (SpecialCasing of the Unicode Character Database).
    /// </summary>
    private const string Several = """
        DF=53+53 149=2BC+4E/2BC+4E 1F0=4A+30C 390=399+308+301 3B0=3A5+308+301 587=535+552 1E96=48+331 1E97=54+308 1E98=57+30A
        1E99=59+30A 1E9A=41+2BE 1F50=3A5+313 1F52=3A5+313+300 1F54=3A5+313+301 1F56=3A5+313+342 1F80=1F08+399/1F88 1F81=1F09+399/1F89
        1F82=1F0A+399/1F8A 1F83=1F0B+399/1F8B 1F84=1F0C+399/1F8C 1F85=1F0D+399/1F8D 1F86=1F0E+399/1F8E 1F87=1F0F+399/1F8F
        1F88=1F08+399/1F88 1F89=1F09+399/1F89 1F8A=1F0A+399/1F8A 1F8B=1F0B+399/1F8B 1F8C=1F0C+399/1F8C 1F8D=1F0D+399/1F8D
        1F8E=1F0E+399/1F8E 1F8F=1F0F+399/1F8F 1F90=1F28+399/1F98 1F91=1F29+399/1F99 1F92=1F2A+399/1F9A 1F93=1F2B+399/1F9B
        1F94=1F2C+399/1F9C 1F95=1F2D+399/1F9D 1F96=1F2E+399/1F9E 1F97=1F2F+399/1F9F 1F98=1F28+399/1F98 1F99=1F29+399/1F99
        1F9A=1F2A+399/1F9A 1F9B=1F2B+399/1F9B 1F9C=1F2C+399/1F9C 1F9D=1F2D+399/1F9D 1F9E=1F2E+399/1F9E 1F9F=1F2F+399/1F9F
        1FA0=1F68+399/1FA8 1FA1=1F69+399/1FA9 1FA2=1F6A+399/1FAA 1FA3=1F6B+399/1FAB 1FA4=1F6C+399/1FAC 1FA5=1F6D+399/1FAD
        1FA6=1F6E+399/1FAE 1FA7=1F6F+399/1FAF 1FA8=1F68+399/1FA8 1FA9=1F69+399/1FA9 1FAA=1F6A+399/1FAA 1FAB=1F6B+399/1FAB
        1FAC=1F6C+399/1FAC 1FAD=1F6D+399/1FAD 1FAE=1F6E+399/1FAE 1FAF=1F6F+399/1FAF 1FB2=1FBA+399/1FBA+345 1FB3=391+399/1FBC
        1FB4=386+399/386+345 1FB6=391+342 1FB7=391+342+399/391+342+345 1FBC=391+399/1FBC 1FC2=1FCA+399/1FCA+345 1FC3=397+399/1FCC
        1FC4=389+399/389+345 1FC6=397+342 1FC7=397+342+399/397+342+345 1FCC=397+399/1FCC 1FD2=399+308+300 1FD3=399+308+301 1FD6=399+342
        1FD7=399+308+342 1FE2=3A5+308+300 1FE3=3A5+308+301 1FE4=3A1+313 1FE6=3A5+342 1FE7=3A5+308+342 1FF2=1FFA+399/1FFA+345
        1FF3=3A9+399/1FFC 1FF4=38F+399/38F+345 1FF6=3A9+342 1FF7=3A9+342+399/3A9+342+345 1FFC=3A9+399/1FFC FB00=46+46 FB01=46+49
        FB02=46+4C FB03=46+46+49 FB04=46+46+4C FB05=53+54 FB06=53+54 FB13=544+546 FB14=544+535 FB15=544+53B FB16=54E+546 FB17=544+53D
        """;

    private const int SharpCapital = 0x1E9E;
    private static readonly FrozenDictionary<int, (string Upper, string Title)> Special = ReadSpecial();

    /// <summary>The first letter large and the rest small.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        Rune first = Rune.GetRuneAt(WellFormed(text), 0);
        return Titled(first) + Lower(text)[Lower(text[..first.Utf16SequenceLength]).Length..];
    }

    /// <summary>All large.</summary>
    public static string Upper(string text) => Ascii.IsValid(text) ? text.ToUpperInvariant() : Each(text, Upper);

    /// <summary>All small.</summary>
    public static string Lower(string text)
    {
        if (Ascii.IsValid(text))
            return text.ToLowerInvariant();
        StringBuilder result = new(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] == 'Σ')
                result.Append(IsAtEnd(text, at) ? 'ς' : 'σ');
            else
                result.Append(text[at]);
        }

        return result.Replace("İ", "i\u0307").ToString().ToLowerInvariant();
    }

    /// <summary>What two texts have in common that differ in case only.</summary>
    public static string Fold(string text) => Ascii.IsValid(text) ? text.ToLowerInvariant() : Each(text, rune => rune.Value switch
    {
        'ı' => "ı",
        SharpCapital => "ss",
        // Cherokee has had its large letters for longer.
        (>= 0x13A0 and <= 0x13FD) or (>= 0xAB70 and <= 0xABBF) => rune.ToString().ToUpperInvariant(),
        _ => Upper(rune).ToLowerInvariant().Replace('ς', 'σ'),
    });

    /// <summary>Each word with a large letter first and small ones behind it; what has no case is between words.</summary>
    public static string Title(string text)
    {
        StringBuilder result = new(text.Length);
        string lower = Lower(text);
        bool isStart = true;
        // Small letters are as long, but for the dotted I, whose dot has no case.
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int length = rune.Value == 'İ' ? 2 : rune.Utf16SequenceLength;
            result.Append(isStart ? Titled(rune) : lower.Substring(at, length));
            at += length;
            isStart = !HasCase(rune);
        }

        return result.ToString();
    }

    /// <summary>Large ones small, small ones large.</summary>
    public static string Swap(string text)
    {
        StringBuilder result = new(text.Length);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isCapital = Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter;
            result.Append(!isCapital ? (Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter ? rune.ToString() : Upper(rune))
                : rune.Value == 'Σ' && IsAtEnd(text, at) ? "ς" : Lower(rune.ToString()));
            at += rune.Utf16SequenceLength;
        }

        return result.ToString();
    }

    /// <summary>Whether large letters begin words and only small ones follow, with at least one word.</summary>
    public static bool IsTitle(string text)
    {
        (bool hasCase, bool follows) = (false, false);
        foreach (Rune rune in text.EnumerateRunes())
        {
            (bool isLower, bool any) = (IsLower(rune), HasCase(rune));
            if (any && isLower != follows)
                return false;
            follows = any;
            hasCase |= any;
        }

        return hasCase;
    }

    /// <summary>Whether there are letters with a case, and all are large.</summary>
    public static bool IsAllUpper(string text) => IsAll(text, UnicodeCategory.UppercaseLetter);

    /// <summary>Whether there are letters with a case, and all are small.</summary>
    public static bool IsAllLower(string text) => IsAll(text, UnicodeCategory.LowercaseLetter);

    private static bool IsAll(string text, UnicodeCategory wanted)
    {
        bool isFound = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!HasCase(rune))
                continue;
            if (Rune.GetUnicodeCategory(rune) != wanted)
                return false;
            isFound = true;
        }

        return isFound;
    }

    private static bool IsLower(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.LowercaseLetter;

    private static bool HasCase(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static string Each(string text, Func<Rune, string> change)
    {
        StringBuilder result = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            result.Append(change(rune));
        return result.ToString();
    }

    private static string Upper(Rune rune) => rune.Value == 'ı' ? "I"
        : Special.TryGetValue(rune.Value, out (string Upper, string Title) several) ? several.Upper : rune.ToString().ToUpperInvariant();

    private static string Titled(Rune rune) => rune.Value switch
    {
        _ when Special.TryGetValue(rune.Value, out (string Upper, string Title) several) => several.Title,
        // Of the letters that are two in one, and of Georgian ones, which begin sentences as they are.
        >= 0x1C4 and <= 0x1CC => ((char)(0x1C5 + (rune.Value - 0x1C4) / 3 * 3)).ToString(),
        >= 0x1F1 and <= 0x1F3 => "\u01F2",
        (>= 0x10D0 and <= 0x10FA) or (>= 0x10FD and <= 0x10FF) => rune.ToString(),
        _ => Upper(rune),
    };

    // A sigma is the last of its word where a letter is before it and none behind, but for what has no say in it.
    private static bool IsAtEnd(string text, int at)
    {
        int before = at - 1;
        while (before >= 0 && IsIgnored(text, before))
            before--;
        int after = at + 1;
        while (after < text.Length && IsIgnored(text, after))
            after++;
        return IsCased(text, before) && !IsCased(text, after);
    }

    private static bool IsCased(string text, int at)
    {
        if ((uint)at >= (uint)text.Length)
            return false;
        int start = char.IsLowSurrogate(text[at]) && at > 0 ? at - 1 : at;
        return Rune.TryGetRuneAt(text, start, out Rune rune) && HasCase(rune);
    }

    private static bool IsIgnored(string text, int at) => text[at] is '\'' or '.' or ':' or '·' or '’'
        || CharUnicodeInfo.GetUnicodeCategory(text, at)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
            or UnicodeCategory.ModifierSymbol;

    private static string WellFormed(string text) => char.IsSurrogate(text[0])
        && (text.Length == 1 || !char.IsSurrogatePair(text[0], text[1])) ? "\uFFFD" : text;

    private static FrozenDictionary<int, (string Upper, string Title)> ReadSpecial()
    {
        Dictionary<int, (string, string)> entries = [];
        foreach (string entry in Several.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = entry.Split('=', '/');
            string upper = Text(parts[1]);
            entries[Hex(parts[0])] = (upper, parts.Length > 2 ? Text(parts[2]) : upper[..1] + upper[1..].ToLowerInvariant());
        }

        return entries.ToFrozenDictionary();
    }

    private static string Text(string points) => string.Concat(points.Split('+').Select(point => (char)Hex(point)));

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
