using System.Diagnostics;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

/// <summary>A pipe gives its text once: read where that is enough, refused where it is not, and never in the way of a stop.</summary>
public sealed class PipeTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_PipeThatSomebodyWrites_GivesItsText()
    {
        string pipe = Pipe();
        Task write = Task.Run(() => File.WriteAllText(pipe, "through a pipe"), TestContext.Current.CancellationToken);
        Assert.Equal("through a pipe", WholeText.Read(pipe, TestContext.Current.CancellationToken));
        await write;
    }

    [Fact]
    public void Read_PipeThatNobodyWrites_EndsWithTheStop()
    {
        string pipe = Pipe();
        using CancellationTokenSource stop = new();
        using Timer timer = new(_ => stop.Cancel(), null, 20, Timeout.Infinite);
        Assert.ThrowsAny<OperationCanceledException>(() => WholeTokens.Read(pipe, 300, _ => [], stop.Token));
        // Lets the thread go that still waits; where the stop came before it began none does, and who only wrote would wait for one.
        using FileStream both = new(pipe, FileMode.Open, FileAccess.ReadWrite);
    }

    /// <summary>A stream that is read once: at most 64 kB at a time, into the caller's own place, and it knows how much came.</summary>
    [Fact]
    public void PipeStream_ManyBytes_ComeInOrderAndOnce()
    {
        byte[] content = [.. Enumerable.Range(0, 70_000).Select(i => (byte)(i * 31 >> 3))];
        using PipeStream stream = new(_folder.Write("a.bin", content), TestContext.Current.CancellationToken);
        byte[] some = new byte[10];
        Assert.Equal(4, stream.Read(some, 3, 4));
        Assert.Equal([0, 0, 0, .. content[..4], 0, 0, 0], some);
        Assert.Equal(4, stream.Position);
        byte[] large = new byte[100_000];
        Assert.Equal(1 << 16, stream.Read(large));
        Assert.Equal(content[4..65_540], large[..65_536]);
        Assert.Equal(70_000 - 65_540, stream.Read(large));
        Assert.Equal(content[65_540..], large[..4460]);
        Assert.Equal(0, stream.Read(large));
        Assert.Equal(70_000, stream.Position);
        Assert.Equal((true, false, false), (stream.CanRead, stream.CanSeek, stream.CanWrite));
        stream.Flush();
        foreach (Action refused in new Action[]
        {
            () => _ = stream.Length, () => stream.Position = 0, () => stream.Seek(0, SeekOrigin.Begin), () => stream.SetLength(0),
            () => stream.Write(some, 0, 1),
        })
            Assert.Throws<NotSupportedException>(refused);
    }

    [Fact]
    public void Open_PipeAsData_IsRefusedWithoutReadingIt()
    {
        CorpusOptions options = _folder.Options(Pipe());
        InvalidDataException opened = Assert.Throws<InvalidDataException>(() => DataFolder.Open(options, _folder.Bytes()).Dispose());
        InvalidDataException read = Assert.Throws<InvalidDataException>(() => Assert.Empty(CorpusText.Documents(options)));
        Assert.All([opened, read], refused => Assert.Contains("a pipe or a device", refused.Message, StringComparison.Ordinal));
    }

    private string Pipe()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("made with mkfifo");
        string path = Path.Combine(_folder.Root, "pipe");
        using Process make = Process.Start("mkfifo", [path]);
        make.WaitForExit();
        return path;
    }
}
