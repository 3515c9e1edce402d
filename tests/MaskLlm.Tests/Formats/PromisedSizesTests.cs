using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MaskLlm.Data;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using ZstdSharp;

namespace MaskLlm.Tests.Formats;

/// <summary>Files that promise, or unpack to, far more than they hold.</summary>
public sealed class PromisedSizesTests : IDisposable
{
    private const string Name = "model.layers.0.mlp.up_proj.weight";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ReadPacked_MemberThatClaimsAGigabyte_IsRefusedBeforeItIsUnpacked()
    {
        string message = Assert.Throws<InvalidDataException>(() => MaskNpz.ReadPacked(Claiming(1 << 30))).Message;
        Assert.Contains("bytes unpack to 1073741824, and masks do not compress so well", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadPacked_FileBehindALink_IsHeldAgainstItsOwnLengthAndNotTheLinks()
    {
        string path = Claiming(1 << 30);
        string link = _folder.File("link.npz");
        File.CreateSymbolicLink(link, Path.GetFileName(path));
        string message = Assert.Throws<InvalidDataException>(() => MaskNpz.ReadPacked(link)).Message;
        Assert.Contains($"its {File.ReadAllBytes(path).Length} bytes unpack to 1073741824", message, StringComparison.Ordinal);
    }

    [Fact]
    public void TotalBytes_FilesBehindLinks_AreThoseThatAreRead()
    {
        _folder.Write("blob", new byte[3000]);
        Directory.CreateDirectory(_folder.File("data"));
        File.CreateSymbolicLink(Path.Combine(_folder.File("data"), "text.txt"), Path.Combine("..", "blob"));
        Directory.CreateSymbolicLink(_folder.File("elsewhere"), "data");
        Assert.Equal(3000, SourceFiles.Find(_folder.File("data")).TotalBytes());
        Assert.Equal(3000, SourceFiles.Find(Path.Combine(_folder.File("elsewhere"), "text.txt")).TotalBytes());
    }

    [Fact]
    public void Read_MemberThatClaimsMoreThanTheModelHas_IsRefused()
    {
        Dictionary<string, (int Rows, int Columns)> shapes = new() { [Name] = (8, 8) };
        string message = Assert.Throws<InvalidDataException>(() => MaskNpz.Read(Claiming(1 << 30), shapes)).Message;
        Assert.Contains("has more bytes and the model's 8 x 8 weights need 8", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadPacked_MemberThatClaimsLessThanItHolds_IsRefused() =>
        Assert.Throws<InvalidDataException>(() => MaskNpz.ReadPacked(Claiming(100)));

    [Fact]
    public void Read_TextThatUnpacksToThousandsOfTimesItsSize_IsRefused()
    {
        string path = _folder.File("text.zst");
        byte[] spaces = new byte[1 << 20];
        Array.Fill(spaces, (byte)' ');
        using (CompressionStream packed = new(File.Create(path), leaveOpen: false))
            for (int i = 0; i < 260; i++) packed.Write(spaces);
        string message = Assert.Throws<InvalidDataException>(() => WholeText.Read(path, TestContext.Current.CancellationToken)).Message;
        Assert.StartsWith(
            $"{path}: its {new FileInfo(path).Length} bytes unpack to more than 500 times as many", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_PointerOfGitLfs_IsNamedAsWhatItIs()
    {
        byte[] pointer = Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        string path = _folder.Write("model.safetensors", pointer);
        string message = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message;
        Assert.Contains("a pointer of Git LFS", message, StringComparison.Ordinal);
    }

    // The size of the member in the archive's list, which is what a reader sees first.
    private string Claiming(uint bytes)
    {
        string path = _folder.File("mask.npz");
        MaskNpz.Write(path, new Dictionary<string, Mask> { [Name] = new(8, 8, new byte[8]) });
        byte[] content = File.ReadAllBytes(path);
        int listed = content.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(listed + 24), bytes);
        File.WriteAllBytes(path, content);
        using ZipArchive zip = ZipFile.OpenRead(path);
        Assert.Equal(bytes, zip.Entries[0].Length);
        return path;
    }
}
