using System.Globalization;
using System.IO.Hashing;

namespace MaskLlm.Formats;

/// <summary>
/// The checksum of what this program writes and reads again: XXH3, 64 bits, which notices every kind of damage by chance and costs less
/// than the writing.
/// </summary>
internal sealed class Checksum
{
    private const int ChunkBytes = 1 << 20;

    private readonly XxHash3 _hash = new();

    /// <summary>Of what was added so far, 16 hexadecimal digits.</summary>
    internal string Digits => _hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Of bytes.</summary>
    internal static string Of(ReadOnlySpan<byte> bytes)
    {
        Checksum sum = new();
        sum.Add(bytes);
        return sum.Digits;
    }

    /// <summary>Of a whole file.</summary>
    /// <exception cref="InvalidDataException">It is a pipe or a device, or is cut short meanwhile.</exception>
    internal static string OfFile(string path)
    {
        using FileBytes file = FileBytes.Open(path);
        Checksum sum = new();
        sum.Add(file, 0);
        return sum.Digits;
    }

    /// <summary>Adds bytes.</summary>
    internal void Add(ReadOnlySpan<byte> bytes) => _hash.Append(bytes);

    /// <summary>Adds a file from a place to its end.</summary>
    /// <exception cref="InvalidDataException">It is cut short meanwhile.</exception>
    internal void Add(FileBytes file, long start)
    {
        byte[] chunk = new byte[Math.Min(ChunkBytes, Math.Max(0, file.Length - start))];
        for (long at = start; at < file.Length; at += ChunkBytes)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(ChunkBytes, file.Length - at));
            file.Read(at, part);
            _hash.Append(part);
        }
    }
}
