using System.Diagnostics;
using System.Runtime.Versioning;
using MaskLlm.Formats;

namespace MaskLlm.Tests.Formats;

/// <summary>What is replaced stays what it was, as far as it is not content; what killed processes left goes.</summary>
public sealed class AtomicFileReplacementTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_OverALinkBehindALinkToAFolder_WritesWhatTheSystemFinds(bool dangling)
    {
        Directory.CreateDirectory(_folder.File("deep/snapshot"));
        Directory.CreateDirectory(_folder.File("deep/blobs"));
        Directory.CreateDirectory(_folder.File("blobs"));
        File.WriteAllText(_folder.File("blobs/x"), "another's");
        if (!dangling) File.WriteAllText(_folder.File("deep/blobs/x"), "old");
        File.CreateSymbolicLink(_folder.File("deep/snapshot/out"), "../blobs/x");
        Directory.CreateSymbolicLink(_folder.File("snapshot"), "deep/snapshot");
        AtomicFile.Write(_folder.File("snapshot/out"), stream => stream.Write("new"u8));
        Assert.Equal(
            ("new", "another's"), (File.ReadAllText(_folder.File("deep/blobs/x")), File.ReadAllText(_folder.File("blobs/x"))));
        Assert.Equal("../blobs/x", new FileInfo(_folder.File("deep/snapshot/out")).LinkTarget);
    }

    [Fact]
    public void Write_OverLinksThatLeadRoundInACircle_IsOneSentence()
    {
        File.CreateSymbolicLink(_folder.File("one"), "two");
        File.CreateSymbolicLink(_folder.File("two"), "one");
        string message = Assert.Throws<IOException>(() => AtomicFile.Write(_folder.File("one"), _ => { })).Message;
        Assert.Equal($"{_folder.File("one")}: links lead round in a circle; remove one, or name another file.", message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_OverALink_WritesWhatItLeadsTo(bool dangling)
    {
        Directory.CreateDirectory(_folder.File("far"));
        string target = _folder.File("far/target"), link = _folder.File("link"), first = _folder.File("first");
        if (!dangling) File.WriteAllBytes(target, [1]);
        File.CreateSymbolicLink(first, "far/target");
        File.CreateSymbolicLink(link, "first");

        AtomicFile.Write(link, stream => stream.WriteByte(2));

        Assert.Equal([2], File.ReadAllBytes(target));
        Assert.Equal(("first", "far/target"), (new FileInfo(link).LinkTarget, new FileInfo(first).LinkTarget));
        Assert.Equal(["target"], Directory.GetFileSystemEntries(_folder.File("far")).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.UserRead)]
    [UnsupportedOSPlatform("windows")]
    public void Write_OverAFile_KeepsItsPermissions(UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Unix has such permissions");
        string path = _folder.Write("a", [1]);
        File.SetUnixFileMode(path, mode);

        AtomicFile.Write(path, stream =>
        {
            UnixFileMode meanwhile = File.GetUnixFileMode(((FileStream)stream).Name);
            Assert.Equal(UnixFileMode.None, meanwhile & ~(mode | UnixFileMode.UserRead | UnixFileMode.UserWrite));
            stream.WriteByte(2);
        });

        Assert.Equal((mode, (byte)2), (File.GetUnixFileMode(path), File.ReadAllBytes(path)[0]));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Write_NewFile_HasThePermissionsOfAnyOther()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Unix has such permissions");
        string plain = _folder.Write("plain", [1]);
        AtomicFile.Write(_folder.File("a"), stream => stream.WriteByte(1));
        AtomicFile.WritePrivate(_folder.File("b"), stream => stream.WriteByte(1));
        Assert.Equal(File.GetUnixFileMode(plain), File.GetUnixFileMode(_folder.File("a")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File("b")));
    }

    /// <summary>A pipe of its own and no device of the machine: what a fault of this program does to it hurts nobody.</summary>
    [Fact]
    public void Write_OverWhatIsNoFile_IsRefused()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("made with mkfifo");
        using Process make = Process.Start("mkfifo", [_folder.File("pipe")]);
        make.WaitForExit();
        File.CreateSymbolicLink(_folder.File("link"), _folder.File("pipe"));
        foreach (string path in (string[])[_folder.File("pipe"), _folder.File("link")])
        {
            string message = Assert.Throws<IOException>(() => AtomicFile.Write(path, stream => stream.WriteByte(1))).Message;
            Assert.Equal($"{path}: there is something that is no file; name another.", message);
        }
        Assert.True(FileIdentity.IsPipe(_folder.File("link")));
        Assert.False(FileIdentity.IsPipe(_folder.Path));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Theory]
    [InlineData(28, "the disk is full", "make room")]
    [InlineData(27, "takes no file this large", "ulimit -f")]
    [InlineData(122, "your share of the disk is used up", "make room")]
    public void Write_DiskRefuses_NamesTheFileAndNoOther(int reason, string words, string relief)
    {
        string path = _folder.Write("a", [1]);

        DiskFullException full = Assert.Throws<DiskFullException>(() => AtomicFile.Write(path, stream => throw new IOException($"No " +
            $"space left on device : '{((FileStream)stream).Name}'", reason)));

        Assert.StartsWith($"{path}: ", full.Message, StringComparison.Ordinal);
        Assert.Contains(words, full.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", full.Message, StringComparison.Ordinal);
        Assert.Contains(relief, full.Relief, StringComparison.Ordinal);
        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Clean_WhatKilledProcessesLeft_GoesAndNothingElse()
    {
        long ours = new DateTimeOffset(Process.GetCurrentProcess().StartTime.ToUniversalTime()).ToUnixTimeSeconds();
        // A process that has ended, and one that has our number but began at another time.
        string dead = _folder.Write(".a.999999999-1.0123456789ab.tmp", [1]),
            earlier = _folder.Write($".a.{Environment.ProcessId}-{ours - 1000:x}.0123456789ab.tmp", [1]);
        string living = _folder.Write($".a.{Environment.ProcessId}-{ours:x}.0123456789ab.tmp", [1]),
            foreign = _folder.Write(".a.tmp", [1]), other = _folder.Write("a.999999999-1.0123456789ab.tmp", [1]);
        string locked = _folder.Write(".b.999999999-1.0123456789ab.tmp", [1]),
            folder = Directory.CreateDirectory(_folder.File(".c.999999999-1.0123456789ab.tmp")).FullName;
        File.WriteAllBytes(Path.Combine(folder, "config.json"), [1]);

        // Of a process in another container, which sees the same disk and other numbers.
        using (new FileStream(locked, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) TemporaryPath.Clean(_folder.Path);

        Assert.Equal(new[] { living, foreign, other, locked }.Order(), Directory.GetFileSystemEntries(_folder.Path).Order());
        TemporaryPath.Clean(_folder.Path);
        Assert.False(File.Exists(locked));
        Assert.False(File.Exists(dead) || File.Exists(earlier));
    }

    [Fact]
    public void Write_FirstIntoAFolder_CleansIt()
    {
        string dead = _folder.Write(".a.999999999-1.0123456789ab.tmp", [1]);
        AtomicFile.Write(_folder.File("a"), stream => stream.WriteByte(1));
        Assert.False(File.Exists(dead));
    }

    [Fact]
    public void AreSame_LinksHardLinksAndSpellings_AreOneFile()
    {
        string file = _folder.Write("a", [1]), other = _folder.Write("b", [1]);
        File.CreateSymbolicLink(_folder.File("soft"), file);
        Directory.CreateSymbolicLink(_folder.File("folder"), _folder.Path);
        string[] ways =
            [file, _folder.File("./a"), _folder.File("folder/a"), _folder.File("soft"),
            Path.GetRelativePath(Environment.CurrentDirectory, file)];
        Assert.All(ways, way => Assert.True(FileIdentity.AreSame(file, way), way));
        Assert.False(FileIdentity.AreSame(file, other));
        Assert.False(FileIdentity.AreSame(file, _folder.File("absent")));
        if (!OperatingSystem.IsLinux()) return;
        using Process link = Process.Start("ln", [file, _folder.File("hard")]);
        link.WaitForExit();
        Assert.True(FileIdentity.AreSame(file, _folder.File("hard")));
    }
}
