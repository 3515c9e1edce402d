using MaskLlm.Formats;

namespace MaskLlm.Tests.Formats;

public sealed class AtomicFileTests
{
    [Fact]
    public void Write_FileExists_ReplacesItAndLeavesNothingElse()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.txt", [1, 2, 3]);
        AtomicFile.Write(path, stream => stream.Write([4]));
        Assert.Equal([4], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_WriterFails_KeepsTheOldFileAndLeavesNothingElse()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.txt", [1, 2, 3]);
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write([4]);
            throw new InvalidOperationException();
        }));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_FolderMissing_MakesIt()
    {
        using TemporaryFolder folder = new();
        AtomicFile.Write(folder.File("missing/a.txt"), stream => stream.WriteByte(7));
        Assert.Equal([7], File.ReadAllBytes(folder.File("missing/a.txt")));
    }

    /// <summary>A rename: who has the old file open goes on with all of it. Written over, it would change under him.</summary>
    [Fact]
    public void Write_OldFileIsOpen_ItsReaderSeesAllOfIt()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.txt", [1, 2, 3]);
        using FileStream reader = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        AtomicFile.Write(path, stream => stream.Write([4, 5, 6, 7]));
        byte[] seen = new byte[8];
        Assert.Equal([1, 2, 3], seen[..reader.Read(seen)]);
        Assert.Equal([4, 5, 6, 7], File.ReadAllBytes(path));
    }

    /// <summary>Until all is written the old file has its name; the new one grows beside it, on the same disk.</summary>
    [Fact]
    public void Write_Meanwhile_TheOldFileIsThereAndTheNewOneBesideIt()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.txt", [1, 2, 3]);
        AtomicFile.Write(path, stream =>
        {
            stream.Write([4]);
            stream.Flush();
            Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
            Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
        });
    }

    /// <summary>
    /// It has its own name a moment before it is closed: whoever opens it then reads it, and whoever asks whether somebody still
    /// writes hears that somebody does.
    /// </summary>
    [Fact]
    public void Write_Meanwhile_TheNewFileCanBeReadAndIsStillHeld()
    {
        using TemporaryFolder folder = new();
        AtomicFile.Write(folder.File("a.txt"), stream =>
        {
            stream.WriteByte(4);
            stream.Flush();
            string temporary = Directory.GetFiles(folder.Path).Single();
            Assert.Equal([4], File.ReadAllBytes(temporary));
            Assert.Throws<IOException>(() => new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
        });
    }
}
