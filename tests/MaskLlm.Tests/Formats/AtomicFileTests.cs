using MaskLlm.Formats;

namespace MaskLlm.Tests.Formats;

public sealed class AtomicFileTests
{
    [Fact]
    public void Write_FileExists_ReplacesItAndLeavesNothingElse()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.txt", [1, 2, 3]);
        AtomicFile.Write(path, stream => stream.Write([4]));
        Assert.Equal([4], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_WriterFails_KeepsTheOldFileAndLeavesNothingElse()
    {
        using var folder = new TemporaryFolder();
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
        using var folder = new TemporaryFolder();
        AtomicFile.Write(folder.File("missing/a.txt"), stream => stream.WriteByte(7));
        Assert.Equal([7], File.ReadAllBytes(folder.File("missing/a.txt")));
    }
}
