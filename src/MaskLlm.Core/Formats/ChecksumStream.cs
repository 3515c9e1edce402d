using System.IO.Hashing;

namespace MaskLlm.Formats;

/// <summary>
/// Hashes what is written through it: XXH3, 64 bits, which notices every kind of damage by chance and costs less than the
/// writing.
/// </summary>
internal sealed class ChecksumStream(Stream target) : Stream
{
    private readonly XxHash3 _hash = new();

    /// <summary>Of what was written so far, 16 hexadecimal digits.</summary>
    internal string Checksum => Digits(_hash);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => target.Length;

    public override long Position
    {
        get => target.Position;
        set => throw new NotSupportedException();
    }

    internal static string Digits(XxHash3 hash) =>
        hash.GetCurrentHashAsUInt64().ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.Append(buffer);
        target.Write(buffer);
    }

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
