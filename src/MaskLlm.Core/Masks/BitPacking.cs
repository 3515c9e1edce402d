using System.Buffers.Binary;

namespace MaskLlm.Masks;

/// <summary>Bytes of 0 and 1 to bits and back, eight at a time, the first in the highest bit (<c>numpy.packbits</c>).</summary>
internal static class BitPacking
{
    /// <summary>Packs bytes that are 0 or 1; missing ones at the end count as 0.</summary>
    internal static byte[] Pack(ReadOnlySpan<byte> zeroOne)
    {
        byte[] packed = new byte[(zeroOne.Length + 7) / 8];
        int whole = zeroOne.Length / 8;
        for (int i = 0; i < whole; i++) packed[i] = PackEight(BinaryPrimitives.ReadUInt64LittleEndian(zeroOne[(8 * i)..]));
        for (int i = 8 * whole; i < zeroOne.Length; i++) packed[whole] |= (byte)(zeroOne[i] << (7 - i % 8));
        return packed;
    }

    /// <summary>Unpacks as many bits as there is room for.</summary>
    internal static void Unpack(ReadOnlySpan<byte> packed, Span<byte> zeroOne)
    {
        int whole = zeroOne.Length / 8;
        for (int i = 0; i < whole; i++) BinaryPrimitives.WriteUInt64LittleEndian(zeroOne[(8 * i)..], UnpackEight(packed[i]));
        for (int i = 8 * whole; i < zeroOne.Length; i++) zeroOne[i] = (byte)(packed[whole] >> (7 - i % 8) & 1);
    }

    /// <summary>The bits of one group of at most 32, the first weight highest.</summary>
    internal static uint Group(ReadOnlySpan<byte> packed, long group, int groupSize)
    {
        long bit = group * groupSize;
        int index = (int)(bit >> 3);
        // A group of at most 8 bits spans at most two bytes, one of 32 five; after the last byte there is nothing to span into.
        int bytes = groupSize <= 8 ? 2 : 5;
        ulong window = 0;
        for (int i = 0; i < bytes; i++) window = window << 8 | (index + i < packed.Length ? packed[index + i] : 0u);
        return (uint)(window >> (8 * bytes - (int)(bit & 7) - groupSize) & ((1ul << groupSize) - 1));
    }

    // Byte i holds b_i at bit 8i; bit 63 - 9i of the factor moves it to bit 63 - i. 8i - 9j differs for all (i, j), so no carries.
    private static byte PackEight(ulong eight) => (byte)(eight * 0x8040_2010_0804_0201 >> 56);

    // Copies the byte into all eight, keeps bit 7 - i of byte i, and moves what was kept (at most 0x80, so no carry) to bit 0.
    private static ulong UnpackEight(byte bits)
    {
        ulong kept = bits * 0x0101_0101_0101_0101UL & 0x0102_0408_1020_4080;
        return kept + 0x7F7F_7F7F_7F7F_7F7F >> 7 & 0x0101_0101_0101_0101;
    }
}
