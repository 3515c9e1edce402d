namespace MaskLlm.Formats.MaskNpz;

/// <summary>The check sum of zip archives: .NET reads it and does not compare it.</summary>
internal static class Crc32
{
    private const uint ReversedPolynomial = 0xEDB88320;
    private static readonly uint[] Table = BuildTable();

    /// <summary>The check sum of bytes.</summary>
    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes) sum = sum >> 8 ^ Table[(byte)(sum ^ value)];
        return ~sum;
    }

    private static uint[] BuildTable()
    {
        var table = new uint[256];
        for (uint index = 0; index < table.Length; index++)
        {
            uint row = index;
            for (int bit = 0; bit < 8; bit++) row = (row & 1) == 0 ? row >> 1 : row >> 1 ^ ReversedPolynomial;
            table[index] = row;
        }
        return table;
    }
}
