using System.Globalization;

namespace MaskLlm.Tokens.Expressions;

/// <summary>The sets of code points that patterns call by name, as Oniguruma makes them of the Unicode Character Database.</summary>
internal static class UnicodeProperty
{
    private const int CodePoints = 0x110000;

    // In the order of System.Globalization.UnicodeCategory.
    private static readonly string[] CategoryNames =
    [
        "Lu/UppercaseLetter", "Ll/LowercaseLetter", "Lt/TitlecaseLetter", "Lm/ModifierLetter", "Lo/OtherLetter",
        "Mn/NonspacingMark", "Mc/SpacingMark", "Me/EnclosingMark", "Nd/DecimalNumber", "Nl/LetterNumber", "No/OtherNumber",
        "Zs/SpaceSeparator", "Zl/LineSeparator", "Zp/ParagraphSeparator", "Cc/Control", "Cf/Format", "Cs/Surrogate", "Co/PrivateUse",
        "Pc/ConnectorPunctuation", "Pd/DashPunctuation", "Ps/OpenPunctuation", "Pe/ClosePunctuation", "Pi/InitialPunctuation",
        "Pf/FinalPunctuation", "Po/OtherPunctuation", "Sm/MathSymbol", "Sc/CurrencySymbol", "Sk/ModifierSymbol", "So/OtherSymbol",
        "Cn/Unassigned",
    ];

    private static readonly string[] MajorNames =
        ["L/Letter", "M/Mark/CombiningMark", "N/Number", "P/Punctuation/Punct", "S/Symbol", "Z/Separator", "C/Other"];

    private static readonly Lazy<Dictionary<string, CodePointSet>> Sets = new(Build);

    /// <summary><c>\s</c>: white space.</summary>
    public static CodePointSet Space => Sets.Value["space"];

    /// <summary><c>\w</c>: letters, marks, decimal digits, joining punctuation, and what else is alphabetic.</summary>
    public static CodePointSet Word => Sets.Value["word"];

    /// <summary><c>\d</c>: decimal digits.</summary>
    public static CodePointSet Digit => Sets.Value["digit"];

    /// <summary><c>\h</c>: hexadecimal digits.</summary>
    public static CodePointSet HexDigit => Sets.Value["xdigit"];

    /// <summary>General category P.</summary>
    public static CodePointSet Punctuation => Sets.Value["punct"];

    /// <summary>The set of a name; capitals, spaces, hyphens and underscores in the name mean nothing.</summary>
    /// <returns>Null for a name that is not known.</returns>
    public static CodePointSet? Find(string name) => Sets.Value.GetValueOrDefault(Plain(name));

    private static string Plain(string name) =>
        string.Concat(name.Where(letter => letter is not (' ' or '-' or '_'))).ToLowerInvariant();

    private static Dictionary<string, CodePointSet> Build()
    {
        Dictionary<string, CodePointSet> sets = [];
        AddCategories(sets);
        AddTable(sets, PropertyTables.Others);
        AddTable(sets, PropertyTables.Scripts);
        AddDerived(sets);
        return sets;
    }

    private static void AddCategories(Dictionary<string, CodePointSet> sets)
    {
        List<(int, int)>[] ranges = [.. CategoryNames.Select(_ => new List<(int, int)>())];
        int start = 0;
        for (int codePoint = 1; codePoint <= CodePoints; codePoint++)
        {
            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(start);
            if (codePoint < CodePoints && CharUnicodeInfo.GetUnicodeCategory(codePoint) == category)
                continue;
            ranges[(int)category].Add((start, codePoint - 1));
            start = codePoint;
        }

        for (int category = 0; category < ranges.Length; category++)
            Add(sets, CategoryNames[category], CodePointSet.Of(ranges[category]));
        foreach (string major in MajorNames)
            Add(sets, major, CodePointSet.Of(ranges.Where((_, index) => CategoryNames[index][0] == major[0]).SelectMany(list => list)));
        Add(sets, "LC/CasedLetter", sets["lu"].Union(sets["ll"]).Union(sets["lt"]));
    }

    private static void AddTable(Dictionary<string, CodePointSet> sets, string table)
    {
        string? names = null;
        List<(int, int)> ranges = [];
        foreach (string entry in table.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Append("/"))
        {
            if (!entry.Contains('/', StringComparison.Ordinal))
            {
                string[] ends = entry.Split('-');
                ranges.Add((Hex(ends[0]), Hex(ends[^1])));
                continue;
            }

            if (names is not null)
                Add(sets, names, CodePointSet.Of(ranges));
            ranges.Clear();
            names = entry;
        }
    }

    private static void AddDerived(Dictionary<string, CodePointSet> sets)
    {
        CodePointSet space = CodePointSet.Of([(9, 13), (0x85, 0x85)]).Union(sets["z"]);
        CodePointSet alphabetic = sets["l"].Union(sets["nl"]).Union(sets["otheralphabetic"]);
        CodePointSet graph = CodePointSet.All.Except(space).Except(sets["cc"]).Except(sets["cs"]).Except(sets["cn"]);
        Add(sets, "Any", CodePointSet.All);
        Add(sets, "Assigned", sets["cn"].Complement());
        Add(sets, "ASCII", CodePointSet.Of(0, 0x7F));
        Add(sets, "Space/WhiteSpace/WSpace", space);
        Add(sets, "Alpha/Alphabetic", alphabetic);
        Add(sets, "Alnum", alphabetic.Union(sets["nd"]));
        Add(sets, "Lower/Lowercase", sets["ll"].Union(sets["otherlowercase"]));
        Add(sets, "Upper/Uppercase", sets["lu"].Union(sets["otheruppercase"]));
        Add(sets, "Word", alphabetic.Union(sets["m"]).Union(sets["nd"]).Union(sets["pc"]));
        Add(sets, "Digit", sets["nd"]);
        Add(sets, "XDigit/ASCIIHexDigit/AHex", CodePointSet.OfCharacters("0123456789ABCDEFabcdef"));
        Add(sets, "Blank", CodePointSet.Of(9).Union(sets["zs"]));
        Add(sets, "Cntrl", sets["cc"]);
        Add(sets, "Graph", graph);
        Add(sets, "Print", graph.Union(sets["zs"]));
    }

    private static void Add(Dictionary<string, CodePointSet> sets, string names, CodePointSet set)
    {
        foreach (string name in names.Split('/'))
            sets[Plain(name)] = set;
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
