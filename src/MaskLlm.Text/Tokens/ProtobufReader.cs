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
        ulong tag = ReadVarint();
        int number = (int)(tag >> 3);
        FieldKind kind = (FieldKind)(tag & 7);
        field = kind switch
        {
            FieldKind.Number => new Field(number, kind, ReadVarint(), []),
            FieldKind.EightBytes => new Field(number, kind, BinaryPrimitives.ReadUInt64LittleEndian(Take(8)), []),
            FieldKind.Bytes => new Field(number, kind, 0, Take(ReadVarint())),
            FieldKind.FourBytes => new Field(number, kind, BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), []),
            _ => throw Damaged(),
        };
        return true;
    }

    /// <summary>The same field, of the kind that its message wants.</summary>
    /// <param name="field">What was read.</param>
    /// <param name="wanted">Its kind.</param>
    /// <param name="name">How the message calls it.</param>
    /// <exception cref="InvalidDataException">It is of another kind.</exception>
    public readonly Field Of(Field field, FieldKind wanted, string name) => field.Kind == wanted
        ? field
        : throw new InvalidDataException(
            $"{file}: {name} (field {field.Number}) is of kind {field.Kind}, not {wanted}. Fetch the file again.");

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && _at < _bytes.Length; shift += 7)
        {
            byte next = _bytes[_at++];
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

    /// <summary>How a field is written, with the numbers of the format.</summary>
    public enum FieldKind
    {
        /// <summary>A number of any length; also true and false, and one of a list of names.</summary>
        Number = 0,

        /// <summary>A number of eight bytes.</summary>
        EightBytes = 1,

        /// <summary>A text or a message.</summary>
        Bytes = 2,

        /// <summary>A number of four bytes.</summary>
        FourBytes = 5,
    }

    /// <summary>One field: a number, and its value or its bytes.</summary>
    public readonly ref struct Field(int number, FieldKind kind, ulong value, ReadOnlySpan<byte> bytes)
    {
        /// <summary>How it is written.</summary>
        public FieldKind Kind { get; } = kind;

        /// <summary>Its number in the message.</summary>
        public int Number { get; } = number;

        /// <summary>Its value, where it is a number.</summary>
        public ulong Value { get; } = value;

        /// <summary>Its bytes, where it is a text or a message.</summary>
        public ReadOnlySpan<byte> Bytes { get; } = bytes;
    }
}
