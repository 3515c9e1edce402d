namespace MaskLlm.Data;

/// <summary>
/// A pipe, or whatever else gives its bytes once and when it likes. Opening and reading it wait on a thread of their own, so that the
/// program can be stopped meanwhile; that thread is left to the end of the program.
/// </summary>
internal sealed class PipeStream : Stream
{
    private readonly FileStream _pipe;
    private readonly CancellationToken _cancellation;
    private byte[] _buffer = [];
    private long _position;

    /// <summary>Opens a pipe, which takes until somebody writes to it.</summary>
    /// <exception cref="OperationCanceledException">The program was stopped.</exception>
    internal PipeStream(string path, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _pipe = Await(() => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0));
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    /// <summary>Bytes that came so far.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int wanted = Math.Min(buffer.Length, 1 << 16);
        if (_buffer.Length < wanted) _buffer = new byte[wanted];
        int count = Await(() => _pipe.Read(_buffer, 0, wanted));
        _buffer.AsSpan(0, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        // Who was stopped while he read leaves the pipe to the thread that still waits on it.
        if (disposing && !_cancellation.IsCancellationRequested) _pipe.Dispose();
        base.Dispose(disposing);
    }

    private T Await<T>(Func<T> work) => Task.Run(work, _cancellation).WaitAsync(_cancellation).GetAwaiter().GetResult();
}
