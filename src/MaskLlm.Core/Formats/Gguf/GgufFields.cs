using System.Text;

namespace MaskLlm.Formats.Gguf;

/// <summary>The keys and values at the head of a GGUF file, in the order in which they were added.</summary>
internal sealed class GgufFields
{
    private readonly OrderedDictionary<string, (Kind Kind, Action<BinaryWriter> Write)> _values = new(StringComparer.Ordinal);

    // As the format numbers them.
    private enum Kind : uint
    {
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Bool = 7,
        Text = 8,
        Array = 9,
    }

    /// <summary>How many keys there are.</summary>
    internal int Count => _values.Count;

    /// <summary>Adds a text.</summary>
    internal void Add(string key, string value) => Add(key, Kind.Text, writer => WriteText(writer, value));

    /// <summary>Adds a number from 0 on.</summary>
    internal void Add(string key, int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Add(key, Kind.UInt32, writer => writer.Write((uint)value));
    }

    /// <summary>Adds a float32.</summary>
    internal void Add(string key, float value) => Add(key, Kind.Float32, writer => writer.Write(value));

    /// <summary>Adds a flag.</summary>
    internal void Add(string key, bool value) => Add(key, Kind.Bool, writer => writer.Write(value));

    /// <summary>Adds a list of texts.</summary>
    internal void Add(string key, string[] values) => AddArray(key, Kind.Text, values, WriteText);

    /// <summary>Adds a list of float32.</summary>
    internal void Add(string key, float[] values) => AddArray(key, Kind.Float32, values, (writer, value) => writer.Write(value));

    /// <summary>Adds a list of int32.</summary>
    internal void Add(string key, int[] values) => AddArray(key, Kind.Int32, values, (writer, value) => writer.Write(value));

    /// <summary>Writes all of them.</summary>
    internal void WriteTo(BinaryWriter writer)
    {
        foreach ((string key, (Kind kind, Action<BinaryWriter> write)) in _values)
        {
            WriteText(writer, key);
            writer.Write((uint)kind);
            write(writer);
        }
    }

    /// <summary>A text of the format: its length in bytes, then its UTF-8.</summary>
    internal static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private void AddArray<T>(string key, Kind kind, T[] values, Action<BinaryWriter, T> writeOne) => Add(key, Kind.Array, writer =>
    {
        writer.Write((uint)kind);
        writer.Write((ulong)values.Length);
        foreach (T value in values) writeOne(writer, value);
    });

    private void Add(string key, Kind kind, Action<BinaryWriter> write)
    {
        if (!_values.TryAdd(key, (kind, write))) throw new ArgumentException($"'{key}' is given twice; a GGUF file holds a key once.");
    }
}
