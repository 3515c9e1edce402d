using System.Buffers.Binary;

namespace MaskLlm.Tokens;

/// <summary>Walks over the fields of one protocol-buffer message.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes, string file)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>The next field; false at the end.</summary>
    /// <exception cref="InvalidDataException">The message is cut off or malformed.</exception>
    public bool TryRead(out Field field)
    {
        field = default;
        if (_at == _bytes.Length)
            return false;
        var tag = ReadVarint();
        var number = (int)(tag >> 3);
        field = (tag & 7) switch
        {
            0 => new Field(number, ReadVarint(), []),
            1 => new Field(number, BinaryPrimitives.ReadUInt64LittleEndian(Take(8)), []),
            2 => new Field(number, 0, Take(ReadVarint())),
            5 => new Field(number, BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), []),
            _ => throw Damaged(),
        };
        return true;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64 && _at < _bytes.Length; shift += 7)
        {
            var next = _bytes[_at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Damaged();
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(_bytes.Length - _at))
            throw Damaged();
        _at += (int)count;
        return _bytes.Slice(_at - (int)count, (int)count);
    }

    private readonly InvalidDataException Damaged() =>
        new($"{file}: damaged at byte {_at} of a message of {_bytes.Length}. Fetch the file again.");

    /// <summary>One field: a number, and its value or its bytes.</summary>
    public readonly ref struct Field(int number, ulong value, ReadOnlySpan<byte> bytes)
    {
        /// <summary>Its number in the message.</summary>
        public int Number { get; } = number;

        /// <summary>Its value, where it is a number.</summary>
        public ulong Value { get; } = value;

        /// <summary>Its bytes, where it is a text or a message.</summary>
        public ReadOnlySpan<byte> Bytes { get; } = bytes;
    }
}
