using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Normalization (NFC, NFD, NFKC, NFKD) by the tables of Unicode 9, independent of the machine's ICU.</summary>
internal static class UnicodeNormalization
{
    // Hangul syllables decompose by arithmetic (Unicode chapter 3.12): L + V + T jamo.
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;

    private static readonly FrozenDictionary<int, (int First, int Second)> DecompositionOf;
    private static readonly FrozenDictionary<(int First, int Second), int> CompositionOf;
    private static readonly Lazy<FrozenDictionary<int, int[]>> CompatibleOf = new(ReadCompatible);
    private static readonly Lazy<FrozenSet<int>> NewerMarks = new(ReadNewerMarks);
    private static readonly FrozenDictionary<int, byte> ClassOf;
    private static readonly FrozenSet<int> UnstableInNfc;
    private static readonly bool[] UnstableInNfcOfPlane0 = new bool[0x10000];

    static UnicodeNormalization()
    {
        Dictionary<int, (int, int)> decompositions = [];
        Dictionary<(int, int), int> compositions = [];
        HashSet<int> unstable = [];
        foreach (string entry in Entries(UnicodeTables.Decompositions))
        {
            int mark = entry.IndexOfAny(['=', '!']);
            string[] parts = entry[(mark + 1)..].Split('+');
            (int whole, (int, int) pair) = (Hex(entry[..mark]), (Hex(parts[0]), parts.Length > 1 ? Hex(parts[1]) : 0));
            decompositions.Add(whole, pair);
            if (entry[mark] == '!')
            {
                unstable.Add(whole);
                continue;
            }

            compositions.Add(pair, whole);
            unstable.Add(pair.Item2);
        }

        Dictionary<int, byte> classes = ReadClasses();
        unstable.UnionWith(classes.Keys);
        unstable.UnionWith(Enumerable.Range(VowelBase, VowelCount));
        unstable.UnionWith(Enumerable.Range(TrailBase + 1, TrailCount - 1));
        foreach (int codePoint in unstable.Where(codePoint => codePoint < 0x10000))
            UnstableInNfcOfPlane0[codePoint] = true;
        DecompositionOf = decompositions.ToFrozenDictionary();
        CompositionOf = compositions.ToFrozenDictionary();
        ClassOf = classes.ToFrozenDictionary();
        UnstableInNfc = unstable.ToFrozenSet();
    }

    /// <summary>Canonical composition; the same string where nothing changes.</summary>
    public static string ToNfc(string text)
    {
        // No character below U+0300 is a combining mark or a composition's second half.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
            return text;
        StringBuilder? result = null;
        int copied = 0;
        for (int at = 0; at < text.Length;)
        {
            if (IsStable(text, at, out int width))
            {
                at += width;
                continue;
            }

            // Only the stretch from the last stable character to the next one can change: a stable one
            // neither decomposes, nor moves, nor joins what stands before it.
            int start = PreviousStable(text, at, copied);
            at = NextStable(text, at);
            result ??= new StringBuilder(text.Length);
            result.Append(text, copied, start - copied);
            AppendAll(result, Compose(Decompose(text.AsSpan(start, at - start))));
            copied = at;
        }

        return result is null ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>Canonical decomposition.</summary>
    public static string ToNfd(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('\0', '\u00BF') ? ToText(Decompose(text), text.Length) : text;

    /// <summary>Compatibility decomposition, then canonical composition.</summary>
    public static string ToNfkc(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('\0', '\u009F') ? ToText(Compose(Decompose(text, CompatibleOf.Value)), text.Length) : text;

    /// <summary>Compatibility decomposition.</summary>
    public static string ToNfkd(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('\0', '\u009F') ? ToText(Decompose(text, CompatibleOf.Value), text.Length) : text;

    /// <summary>The text without its marks (general category M); those that are newer than the tables stay.</summary>
    public static string WithoutMarks(string text)
    {
        // No character below U+0300 is a mark.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
            return text;
        StringBuilder result = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!IsMark(rune))
                result.Append(rune.ToString());
        }

        return result.ToString();
    }

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        ? !NewerMarks.Value.Contains(rune.Value)
        : rune.Value is 0x1CF2 or 0x1CF3;

    private static FrozenSet<int> ReadNewerMarks()
    {
        List<int> marks = [];
        foreach (string entry in Entries(UnicodeTables.NewerMarks))
        {
            int[] ends = [.. entry.Split('-').Select(Hex)];
            marks.AddRange(Enumerable.Range(ends[0], ends[^1] - ends[0] + 1));
        }

        return marks.ToFrozenSet();
    }

    private static string[] Entries(string table) =>
        table.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static Dictionary<int, byte> ReadClasses()
    {
        Dictionary<int, byte> classes = [];
        foreach (string entry in Entries(UnicodeTables.CombiningClasses))
        {
            string[] parts = entry.Split('-', '=');
            for (int codePoint = Hex(parts[0]); codePoint <= Hex(parts[1]); codePoint++)
                classes.Add(codePoint, (byte)Hex(parts[2]));
        }

        return classes;
    }

    private static FrozenDictionary<int, int[]> ReadCompatible()
    {
        Dictionary<int, int[]> decompositions = [];
        foreach (string entry in Entries(UnicodeTables.CompatibleDecompositions))
        {
            string[] sides = entry.Split('=');
            int[] ends = [.. sides[0].Split('-').Select(Hex)];
            int[] target = [.. sides[1].Split('+').Select(Hex)];
            for (int codePoint = ends[0]; codePoint <= ends[^1]; codePoint++)
                decompositions.Add(codePoint, codePoint == ends[0] ? target : [target[0] + codePoint - ends[0]]);
        }

        return decompositions.ToFrozenDictionary();
    }

    private static bool IsStable(string text, int at, out int width)
    {
        width = char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
        return width == 1
            ? !UnstableInNfcOfPlane0[text[at]]
            : !UnstableInNfc.Contains(char.ConvertToUtf32(text[at], text[at + 1]));
    }

    private static int PreviousStable(string text, int at, int floor)
    {
        while (at > floor)
        {
            at -= at - 2 >= floor && char.IsSurrogatePair(text[at - 2], text[at - 1]) ? 2 : 1;
            if (IsStable(text, at, out _))
                break;
        }

        return at;
    }

    private static int NextStable(string text, int at)
    {
        while (at < text.Length && !IsStable(text, at, out int width))
            at += width;
        return at;
    }

    private static List<int> Decompose(ReadOnlySpan<char> text, FrozenDictionary<int, int[]>? compatible = null)
    {
        List<int> codePoints = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            AppendDecomposition(rune.Value, compatible, codePoints);
        SortMarks(codePoints);
        return codePoints;
    }

    private static void AppendDecomposition(int codePoint, FrozenDictionary<int, int[]>? compatible, List<int> codePoints)
    {
        if (compatible is not null && compatible.TryGetValue(codePoint, out int[]? parts))
        {
            foreach (int part in parts)
                AppendDecomposition(part, compatible, codePoints);
            return;
        }

        if ((uint)(codePoint - SyllableBase) < SyllableCount)
        {
            int index = codePoint - SyllableBase;
            codePoints.Add(LeadBase + index / (VowelCount * TrailCount));
            codePoints.Add(VowelBase + index % (VowelCount * TrailCount) / TrailCount);
            if (index % TrailCount != 0)
                codePoints.Add(TrailBase + index % TrailCount);
            return;
        }

        if (!DecompositionOf.TryGetValue(codePoint, out (int First, int Second) pair))
        {
            codePoints.Add(codePoint);
            return;
        }

        AppendDecomposition(pair.First, compatible, codePoints);
        if (pair.Second != 0)
            AppendDecomposition(pair.Second, compatible, codePoints);
    }

    /// <summary>Stable sort by combining class within each run of marks; starters stay where they are.</summary>
    private static void SortMarks(List<int> codePoints)
    {
        for (int start = 0, end; start < codePoints.Count; start = end)
        {
            end = start + 1;
            if (Class(codePoints[start]) == 0)
                continue;
            bool isSorted = true;
            for (; end < codePoints.Count && Class(codePoints[end]) is > 0 and var rank; end++)
                isSorted &= Class(codePoints[end - 1]) <= rank;
            if (isSorted)
                continue;
            // A run may be as long as the text.
            int[] sorted = [.. codePoints.GetRange(start, end - start).OrderBy(Class)];
            for (int at = start; at < end; at++)
                codePoints[at] = sorted[at - start];
        }
    }

    private static List<int> Compose(List<int> decomposed)
    {
        List<int> composed = new(decomposed.Count);
        (int starter, int lastClass) = (-1, 0);
        foreach (int codePoint in decomposed)
        {
            byte rank = Class(codePoint);
            bool adjacent = starter == composed.Count - 1;
            // A mark is blocked from its starter by a mark of the same or a higher class between them.
            if (starter >= 0 && (adjacent || lastClass < rank) && TryCompose(composed[starter], codePoint, out int whole))
            {
                composed[starter] = whole;
                continue;
            }

            if (rank == 0)
                starter = composed.Count;
            lastClass = rank;
            composed.Add(codePoint);
        }

        return composed;
    }

    private static bool TryCompose(int first, int second, out int whole)
    {
        (int lead, int vowel, int trail) = (first - LeadBase, second - VowelBase, second - TrailBase);
        if ((uint)lead < LeadCount && (uint)vowel < VowelCount)
        {
            whole = SyllableBase + (lead * VowelCount + vowel) * TrailCount;
            return true;
        }

        int syllable = first - SyllableBase;
        if ((uint)syllable < SyllableCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount)
        {
            whole = first + trail;
            return true;
        }

        return CompositionOf.TryGetValue((first, second), out whole);
    }

    private static byte Class(int codePoint) => ClassOf.GetValueOrDefault(codePoint);

    private static string ToText(List<int> codePoints, int length)
    {
        StringBuilder result = new(length);
        AppendAll(result, codePoints);
        return result.ToString();
    }

    private static void AppendAll(StringBuilder result, List<int> codePoints)
    {
        Span<char> units = stackalloc char[2];
        foreach (int codePoint in codePoints)
            result.Append(units[..new Rune(codePoint).EncodeToUtf16(units)]);
    }
}
