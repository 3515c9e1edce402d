using System.Buffers.Binary;
using System.Text;

namespace MaskLlm.Fuzz;

/// <summary>Small changes of an input: of JSON by its structure, of anything by its bytes.</summary>
/// <param name="random">Decides everything.</param>
/// <param name="other">Another input, to take pieces from.</param>
internal sealed class Mutator(Random random, byte[] other)
{
    private const double JsonShare = 0.75;
    private const int MostChanges = 4, LongestPiece = 64, MostCopies = 300;

    private static readonly long[] Extremes =
    [
        0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, int.MaxValue, int.MaxValue + 1L, int.MinValue, uint.MaxValue,
        uint.MaxValue + 1L,
        1L << 40, long.MaxValue, long.MinValue, long.MaxValue - 7, long.MaxValue / 2 + 1,
    ];

    private static readonly byte[] ExtremeBytes = [0, 1, 9, 10, 13, 32, 34, 44, 58, 91, 92, 93, 123, 125, 127, 128, 192, 239, 255];

    internal Random Random => random;

    /// <summary>The changed copy.</summary>
    internal byte[] Change(byte[] bytes)
    {
        if (random.NextDouble() < JsonShare && JsonMutator.Change(bytes, random) is { } changed)
        {
            if (random.Next(4) > 0) return changed;
            bytes = changed;
        }
        for (int changes = 1 + random.Next(MostChanges); changes > 0; changes--) bytes = ChangeOnce(bytes);
        return bytes;
    }

    /// <summary>An integer that programs stumble over.</summary>
    internal long Extreme() => Extremes[random.Next(Extremes.Length)];

    private byte[] ChangeOnce(byte[] bytes)
    {
        if (bytes.Length == 0) return Piece();
        int at = random.Next(bytes.Length), length = Math.Min(bytes.Length - at, 1 + random.Next(LongestPiece));
        switch (random.Next(11))
        {
            case 0:
                return With(bytes, at, (byte)(bytes[at] ^ 1 << random.Next(8)));
            case 1:
                return With(bytes, at, ExtremeBytes[random.Next(ExtremeBytes.Length)]);
            case 2:
                return WithInteger(bytes, at);
            case 3:
                return bytes[..at];
            case 4:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 5:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 6:
                return [.. bytes[..at], .. Piece(), .. bytes[at..]];
            case 7:
                return WithNumber(bytes, at);
            case 8:
                return [.. bytes[..at], .. OfOther(), .. bytes[(at + length)..]];
            case 9:
                return Repeated(bytes, at, Math.Min(length, 8));
            default:
                return [.. bytes, .. Piece()];
        }
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }

    // Little-endian, as all binary formats here; at multiples of its width more often than not.
    private byte[] WithInteger(byte[] bytes, int at)
    {
        int width = 1 << 1 + random.Next(3);
        at = random.Next(4) > 0 ? at / width * width : at;
        if (at + width > bytes.Length) return With(bytes, at, byte.MaxValue);
        byte[] changed = [.. bytes], value = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(value, random.Next(3) > 0 ? Extreme() : bytes.Length + random.Next(-9, 10));
        value.AsSpan(0, width).CopyTo(changed.AsSpan(at));
        return changed;
    }

    // The next number written in digits becomes another.
    private byte[] WithNumber(byte[] bytes, int at)
    {
        int start = bytes.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (start < 0) return With(bytes, at, (byte)'9');
        start += at;
        int end = start;
        while (end < bytes.Length && bytes[end] is >= (byte)'0' and <= (byte)'9') end++;
        string[] words = ["1e999", "-0", "1e-400", "00", "0x10", "1,5", "NaN", "Infinity", "99999999999999999999"];
        string number = random.Next(3) == 0 ? words[random.Next(words.Length)] : FormattableString.Invariant($"{Extreme()}");
        return [.. bytes[..start], .. Encoding.ASCII.GetBytes(number), .. bytes[end..]];
    }

    private byte[] Repeated(byte[] bytes, int at, int length)
    {
        byte[] piece = bytes[at..(at + length)];
        return [.. bytes[..at], .. Enumerable.Repeat(piece, 1 + random.Next(MostCopies)).SelectMany(one => one), .. bytes[at..]];
    }

    private byte[] OfOther()
    {
        if (other.Length == 0) return Piece();
        int at = random.Next(other.Length);
        return other[at..Math.Min(other.Length, at + 1 + random.Next(LongestPiece))];
    }

    private byte[] Piece()
    {
        byte[] piece = new byte[1 + random.Next(9)];
        random.NextBytes(piece);
        return piece;
    }
}
