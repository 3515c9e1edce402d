using System.Runtime.Versioning;
using MaskLlm.Formats;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats;

/// <summary>What is just inside a limit of files and folders, and just outside.</summary>
public sealed class FileEdgesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A slice that leaves its tensor is refused though the file goes on there.</summary>
    [Fact]
    public void Bytes_SliceThatLeavesItsTensor_IsRefused()
    {
        string path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [Two("a", 1), Two("b", 3)]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        TensorEntry first = file.Tensors["a"];
        Assert.Equal([1, 2], file.Bytes(first).ToArray());
        Assert.Equal([2], file.Bytes(first, 1, 1).ToArray());
        Assert.Empty(file.Bytes(first, 2, 0).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes(first, 1, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(first, 1, new byte[2]));
        byte[] target = new byte[2];
        file.Read(first, 0, target);
        Assert.Equal([1, 2], target);
    }

    [Theory]
    [InlineData("no-such-org/Llama-2.7b", true)]
    [InlineData("a/b", true)]
    [InlineData("a_1/b_2", true)]
    [InlineData("--/b", false)]
    [InlineData("a/--", false)]
    [InlineData("a/b/c", false)]
    [InlineData("/b", false)]
    [InlineData("a/", false)]
    [InlineData("a", false)]
    [InlineData("a b/c", false)]
    public void Require_FolderThatIsNone_SpeaksOfTheHubWhereTheNameIsOneOfIts(string name, bool isHubs) => Assert.Equal(
        isHubs,
        Assert.Throws<DirectoryNotFoundException>(() => CheckpointFolder.Require(name)).Message.Contains("hf download",
            StringComparison.Ordinal));

    [Theory]
    [InlineData(63, new long[] { 1 }, true)]
    [InlineData(64, new long[] { 1 }, false)]
    [InlineData(1, new long[] { 1, 1, 1, 1 }, true)]
    [InlineData(1, new long[] { 1, 1, 1, 1, 1 }, false)]
    [InlineData(1, new long[] { }, false)]
    [InlineData(1, new long[] { 0 }, false)]
    public void Write_GgufNameAndShape_AreThoseThatGgmlReads(int nameBytes, long[] shape, bool isRead)
    {
        string path = _folder.File("a.gguf");
        void Write() => GgufWriter.Write(path, new GgufFields(),
            [new GgufTensor(new string('a', nameBytes), GgufType.Float32, shape, stream => stream.Write(new byte[4]))]);
        if (isRead) Write();
        else Assert.Throws<ArgumentException>(Write);
        Assert.Equal(isRead, File.Exists(path));
    }

    [Fact]
    public void IsOwn_GgufFile_IsOursWhereItsHeadSaysSo()
    {
        GgufFields fields = new();
        fields.Add(GgufWriter.OwnKey, GgufWriter.OwnValue);
        GgufWriter.Write(_folder.File("own.gguf"), fields, []);
        GgufWriter.Write(_folder.File("other.gguf"), new GgufFields(), []);
        Assert.True(GgufWriter.IsOwn(_folder.File("own.gguf")));
        Assert.False(GgufWriter.IsOwn(_folder.File("other.gguf")));
        Assert.False(GgufWriter.IsOwn(_folder.Write("short.gguf", [1, 2])));
    }

    [Fact]
    public void IsWithin_FilesAndFolders_AreThoseBelowIt()
    {
        Directory.CreateDirectory(_folder.File("a/b"));
        File.WriteAllBytes(_folder.File("a/b/c"), [1]);
        Directory.CreateSymbolicLink(_folder.File("link"), _folder.File("a"));
        foreach (string inside in (string[])["a", "a/b", "a/b/c", "a/absent", "link/b/c"])
            Assert.True(FileIdentity.IsWithin(_folder.File(inside), _folder.File("a")), inside);
        Assert.False(FileIdentity.IsWithin(_folder.Path, _folder.File("a")));
        Assert.False(FileIdentity.IsWithin(_folder.File("other"), _folder.File("a")));
        Assert.False(FileIdentity.IsWithin(_folder.File("a2/c"), _folder.File("a")));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Create_PrivateFolder_IsItsUsersOnlyWhereItIsNew()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("has no such modes");
        string above = _folder.File("above"), made = _folder.File("above/made");
        PrivateFolder.Create(made);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(made));
        UnixFileMode usual = File.GetUnixFileMode(Directory.CreateDirectory(_folder.File("usual")).FullName);
        Assert.Equal(usual, File.GetUnixFileMode(above));
        PrivateFolder.Create(above);
        Assert.Equal(usual, File.GetUnixFileMode(above));
    }

    [Fact]
    public void ChecksumStream_Writes_AndNothingElse()
    {
        using MemoryStream target = new();
        using ChecksumStream stream = new(target);
        string empty = stream.Digits;
        stream.Write([1, 2, 3], 1, 2);
        Assert.Equal([2, 3], target.ToArray());
        Assert.Equal((2L, 2L, false, false, true), (stream.Position, stream.Length, stream.CanRead, stream.CanSeek, stream.CanWrite));
        Assert.Equal((16, "2d06800538d394c2"), (stream.Digits.Length, empty));
        Assert.NotEqual(empty, stream.Digits);
    }

    /// <summary>As many as Linux follows.</summary>
    [Fact]
    public void Resolved_LinksInARow_AreFortyAtMost()
    {
        string file = _folder.Write("link-0", [1]);
        for (int i = 1; i <= 41; i++) File.CreateSymbolicLink(_folder.File($"link-{i}"), $"link-{i - 1}");
        Assert.Equal(file, FileIdentity.Resolved(_folder.File("link-40")));
        Assert.StartsWith($"{_folder.File("link-41")}: links lead round in a circle",
            Assert.Throws<IOException>(() => FileIdentity.Resolved(_folder.File("link-41"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Part of the name, so that no disk finds it too long.</summary>
    [Theory]
    [InlineData(32, 32)]
    [InlineData(33, 32)]
    [InlineData(1, 1)]
    public void TemporaryPath_LongName_KeepsItsFirstLetters(int length, int kept)
    {
        using TemporaryPath path = TemporaryPath.In(_folder.Path, _folder.File(new string('n', length)));
        Assert.Equal(_folder.Path, Path.GetDirectoryName(path.Path));
        Assert.StartsWith($".{new string('n', kept)}.{Environment.ProcessId}-", Path.GetFileName(path.Path), StringComparison.Ordinal);
        Assert.True(TemporaryPath.IsOne(path.Path));
        // Twelve hexadecimal digits of chance.
        Assert.Equal(12, path.Path.Split('.')[^2].Length);
    }

    /// <summary>In memory and from the disk, from any place on.</summary>
    [Fact]
    public void FileBytes_LoadedOrNot_GivesTheSameParts()
    {
        byte[] content = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];
        using FileBytes read = FileBytes.Open(_folder.Write("a", content)), loaded = FileBytes.Open(_folder.File("a")),
            mapped = FileBytes.Open(_folder.File("a")),
            collected = FileBytes.Collect("c", 200, stream => stream.Write(content));
        Assert.Throws<InvalidOperationException>(() => Pointer(read));
        loaded.Load();
        loaded.Load();
        mapped.Map();
        File.Delete(_folder.File("a"));
        foreach (FileBytes bytes in new[] { read, loaded, mapped, collected })
        {
            Assert.Equal(200, bytes.Length);
            Assert.Equal(content[50..60], bytes.Slice(50, 10).ToArray());
            byte[] target = new byte[10];
            bytes.Read(190, target);
            Assert.Equal(content[190..], target);
            Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Slice(191, 10).Length);
            Assert.Throws<ArgumentOutOfRangeException>(() => bytes.Slice(-1, 1).Length);
        }
        Assert.All([loaded, mapped, collected], bytes => Assert.Equal(64, Pointer(bytes)));
        mapped.Dispose();
        Assert.Throws<ObjectDisposedException>(() => mapped.Slice(0, 1).Length);
        loaded.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loaded.Slice(0, 1).Length);
        Assert.Throws<IOException>(() => FileBytes.Collect("c", 1, _ => throw new IOException()));

        // What lies there from the 64th byte on begins with that.
        static unsafe int Pointer(FileBytes bytes) => *bytes.Pointer(64, 1);
    }

    private static TensorToWrite Two(string name, byte first) =>
        new(name, TensorType.UInt8, [2], 2, stream => stream.Write([first, (byte)(first + 1)]));
}
