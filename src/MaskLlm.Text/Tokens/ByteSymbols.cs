namespace MaskLlm.Tokens;

/// <summary>The printable character that stands for each byte in a byte-level vocabulary (GPT-2's table).</summary>
internal static class ByteSymbols
{
    /// <summary>The 256 stand-ins, indexed by byte value.</summary>
    public static readonly string All = Build();

    private static readonly short[] ByteOf = Invert();

    /// <summary>The byte that <paramref name="symbol"/> stands for; false where it stands for none.</summary>
    public static bool TryGetByte(char symbol, out byte value)
    {
        short found = symbol < ByteOf.Length ? ByteOf[symbol] : (short)-1;
        value = (byte)found;
        return found >= 0;
    }

    /// <summary>The stand-ins of bytes in turn.</summary>
    public static string Spell(byte[] bytes) => string.Create(bytes.Length, bytes, (text, source) =>
    {
        for (int at = 0; at < text.Length; at++)
            text[at] = All[source[at]];
    });

    private static string Build()
    {
        char[] symbols = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
            symbols[value] = (char)(IsPrintable(value) ? value : next++);
        return new string(symbols);
    }

    // Printable Latin-1 stands for itself; the soft hyphen (173) does not show.
    private static bool IsPrintable(int value) => value is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);

    private static short[] Invert()
    {
        short[] bytes = new short[All.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
            bytes[All[value]] = (short)value;
        return bytes;
    }
}
