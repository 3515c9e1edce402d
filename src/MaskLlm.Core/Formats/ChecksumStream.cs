namespace MaskLlm.Formats;

/// <summary>Takes the checksum of what is written through it.</summary>
internal sealed class ChecksumStream(Stream target) : Stream
{
    private readonly Checksum _sum = new();

    /// <summary>Of what was written so far.</summary>
    internal string Digits => _sum.Digits;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => target.Length;

    public override long Position
    {
        get => target.Position;
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _sum.Add(buffer);
        target.Write(buffer);
    }

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
