using System.Buffers.Binary;

namespace MaskLlm.Formats.Parquet;

/// <summary>Looks over what a Parquet file says of itself before a library believes it: lists and texts end within it.</summary>
/// <remarks>Apache Parquet format, file metadata; Apache Thrift, compact protocol.</remarks>
internal ref struct ParquetFooter
{
    private const int Ends = 12, Tail = 8, DeepestNesting = 64;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    private ParquetFooter(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Whether the file ends in metadata whose parts lie within it.</summary>
    /// <param name="file">Read from; its position is moved.</param>
    internal static bool IsSound(FileStream file)
    {
        if (file.Length < Ends) return false;
        Span<byte> tail = stackalloc byte[Tail];
        file.Position = file.Length - Tail;
        file.ReadExactly(tail);
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (!tail[4..].SequenceEqual("PAR1"u8) || length <= 0 || length > file.Length - Ends) return false;
        byte[] footer = new byte[length];
        file.Position = file.Length - Tail - length;
        file.ReadExactly(footer);
        file.Position = 0;
        return new ParquetFooter(footer).PassStruct(0);
    }

    private readonly int Left => _bytes.Length - _at;

    private bool PassStruct(int depth)
    {
        if (depth > DeepestNesting) return false;
        while (Left > 0)
        {
            int head = _bytes[_at++];
            if (head == 0) return true;
            // A field whose number is far from the last one's brings it along; booleans lie in the type.
            if (head >> 4 == 0 && !PassNumber(out _)) return false;
            int type = head & 0x0F;
            if (type > 2 && !Pass(type, depth)) return false;
        }
        return false;
    }

    private bool Pass(int type, int depth) => type switch
    {
        1 or 2 or 3 => Skip(1),
        4 or 5 or 6 => PassNumber(out _),
        7 => Skip(sizeof(double)),
        8 => PassNumber(out ulong length) && length <= (ulong)Left && Skip((int)length),
        9 or 10 => PassList(depth),
        11 => PassMap(depth),
        12 => PassStruct(depth + 1),
        _ => false,
    };

    private bool PassList(int depth)
    {
        if (Left == 0) return false;
        int head = _bytes[_at++];
        ulong count = (ulong)(head >> 4);
        if (count == 15 && !PassNumber(out count)) return false;
        return PassAll(count, head & 0x0F, depth);
    }

    private bool PassMap(int depth)
    {
        if (!PassNumber(out ulong count)) return false;
        if (count == 0) return true;
        if (count > (ulong)Left || Left == 0) return false;
        int types = _bytes[_at++];
        for (ulong i = 0; i < count; i++)
            if (!Pass(types >> 4, depth + 1) || !Pass(types & 0x0F, depth + 1)) return false;
        return true;
    }

    // Every item takes a byte at least.
    private bool PassAll(ulong count, int type, int depth)
    {
        if (count > (ulong)Left) return false;
        for (ulong i = 0; i < count; i++)
            if (!Pass(type, depth + 1)) return false;
        return true;
    }

    private bool PassNumber(out ulong number)
    {
        number = 0;
        for (int shift = 0; shift < 64 && Left > 0; shift += 7)
        {
            byte next = _bytes[_at++];
            number |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return true;
        }
        return false;
    }

    private bool Skip(int count)
    {
        if (count > Left) return false;
        _at += count;
        return true;
    }
}
