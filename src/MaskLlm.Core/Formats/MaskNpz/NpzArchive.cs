using System.Collections.ObjectModel;
using System.IO.Compression;
using System.IO.Hashing;
using MaskLlm.Formats.Numpy;

namespace MaskLlm.Formats.MaskNpz;

/// <summary>The members of a mask file, read and checked one by one.</summary>
internal sealed class NpzArchive : IDisposable
{
    private const string MemberEnding = ".mask.npy";
    private const int ChunkBytes = 1 << 16;

    // A mask of two billion weights; and ten times what the packed bits of any learned or computed mask compress by.
    private const int AlwaysUnpacked = 1 << 28, LargestRatio = 64;

    private readonly string _path;
    private readonly ZipArchive _zip;

    private NpzArchive(string path, ZipArchive zip) => (_path, _zip) = (path, zip);

    /// <summary>Opens a mask file.</summary>
    internal static NpzArchive Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file.", path);
        if (FileIdentity.Of(path) is { IsRegular: false }) throw new InvalidDataException(Sentence(path, "it is a pipe or a device"));
        FileStream stream = File.OpenRead(path);
        try
        {
            return new NpzArchive(path, new ZipArchive(stream, ZipArchiveMode.Read));
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            stream.Dispose();
            throw new InvalidDataException(Sentence(path, "it is no zip archive"), exception);
        }
    }

    /// <summary>What the archive ends with; empty for nothing.</summary>
    internal string Comment => _zip.Comment;

    /// <summary>Holds what was read against the checksum that this program's own mask files end with.</summary>
    /// <exception cref="InvalidDataException">They differ.</exception>
    internal void RequireComment(IReadOnlyDictionary<string, byte[]> packed)
    {
        if (!NpzComment.Fits(Comment, packed)) throw Broken("names or masks do not match the check sum at its end");
    }

    /// <summary>The members by the parameter that they mask, in the order of the file.</summary>
    internal OrderedDictionary<string, ZipArchiveEntry> Members()
    {
        OrderedDictionary<string, ZipArchiveEntry> members = new(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in Entries())
        {
            if (!entry.FullName.EndsWith(MemberEnding, StringComparison.Ordinal))
                throw Broken($"it has a member '{entry.FullName}' and masks are named PARAMETER{MemberEnding}");
            string parameter = entry.FullName[..^MemberEnding.Length];
            if (!members.TryAdd(parameter, entry)) throw Broken($"'{parameter}' is masked twice");
        }
        return members;
    }

    /// <summary>The packed bits of one member.</summary>
    internal byte[] Packed(string parameter, ZipArchiveEntry entry)
    {
        byte[] bytes = Bytes(parameter, entry);
        NpyHeader header = Header(parameter, bytes);
        if (header.Type != NpyType.UInt8 || header.Shape.Count != 1)
            throw Broken($"'{parameter}' is an array ({string.Join(", ", header.Shape)}) of {header.Type} and packed masks are "
                + $"one-dimensional UInt8");
        return bytes[header.DataOffset..];
    }

    public void Dispose() => _zip.Dispose();

    internal InvalidDataException Broken(string wrong) => new(Sentence(_path, wrong));

    /// <summary>The name of the member that masks a parameter.</summary>
    internal static string MemberName(string parameter) => parameter + MemberEnding;

    private ReadOnlyCollection<ZipArchiveEntry> Entries()
    {
        try
        {
            return _zip.Entries;
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            throw new InvalidDataException(Sentence(_path, "its list of members is damaged"), exception);
        }
    }

    /// <summary>
    /// Refuses an archive that unpacks to so much more than it takes that it cannot be masks: their bits hardly compress, and nothing
    /// but the model could say how many there should be.
    /// </summary>
    internal void RequireModestSize()
    {
        Int128 unpacked = 0;
        foreach (ZipArchiveEntry entry in Entries()) unpacked += entry.Length;
        long length = FileIdentity.LengthOf(_path);
        if (unpacked > AlwaysUnpacked && unpacked > (Int128)length * LargestRatio)
            throw Broken($"its {length} bytes unpack to {unpacked}, and masks do not compress so well");
    }

    // Grows with what is really there: a damaged entry may claim any length; and ends with what it claims.
    private byte[] Bytes(string parameter, ZipArchiveEntry entry)
    {
        using MemoryStream bytes = new();
        try
        {
            using Stream stream = entry.Open();
            byte[] chunk = new byte[ChunkBytes];
            for (int read; bytes.Length <= entry.Length && (read = stream.Read(chunk)) > 0;) bytes.Write(chunk, 0, read);
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            throw new InvalidDataException(Sentence(_path, $"'{parameter}' cannot be unpacked"), exception);
        }
        byte[] content = bytes.ToArray();
        if (content.Length != entry.Length || Crc32.HashToUInt32(content) != entry.Crc32)
            throw Broken($"'{parameter}' does not match its check sum");
        return content;
    }

    private NpyHeader Header(string parameter, byte[] bytes)
    {
        string name = $"{_path}: '{parameter}'";
        try
        {
            using MemoryStream stream = new(bytes);
            NpyHeader header = NpyHeader.Read(name, stream.Read);
            header.CheckLength(name, bytes.Length - header.DataOffset);
            return header;
        }
        // What .npy cannot hold here is no known kind of mask file, but a broken one.
        catch (NotSupportedException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    private static bool IsDamage(Exception exception) =>
        exception is InvalidDataException or IOException or NotSupportedException or ArgumentException or OverflowException;

    private static string Sentence(string path, string wrong) =>
        $"{path} is not a whole mask file (mask.npz): {wrong}; copy or write it again.";
}
