using System.IO.Compression;
using CsCheck;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Formats.MaskNpzFile;

public sealed class MaskNpzTests
{
    private const string First = "model.layers.0.self_attn.q_proj.weight";
    private static readonly string Original = Fixture.PathOf("method/llama-gqa-tied.wanda.mask_compressed.npz");

    [Fact]
    public void Read_FileOfTheOriginalProject_GivesTheMasksOfItsProgram()
    {
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(Original, ShapesOfTheOriginal());
        Assert.Equal(14, masks.Count);
        Assert.Equal(First, masks.Keys.First());
        Assert.All(masks.Values, mask => Assert.Equal(NmPattern.TwoOfFour, mask.DetectPattern()));
        Assert.All(masks.Values, mask => Assert.Equal(0.5, mask.Density));
    }

    [Fact]
    public void Write_MasksOfTheOriginalProject_GivesItsMembersByteForByte()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("mask.npz");
        MaskNpz.Write(path, MaskNpz.Read(Original, ShapesOfTheOriginal()));
        (string, string)[] expected = Members(Original);
        Assert.Equal(14, expected.Length);
        Assert.Equal(expected, Members(path));
    }

    [Fact]
    public void Write_AnyMasks_AreReadBackInOrder() => AnyMasks.Sample(masks =>
    {
        using TemporaryFolder folder = new();
        string path = folder.File("mask.npz");
        MaskNpz.Write(path, masks);
        IReadOnlyDictionary<string, Mask> read = MaskNpz.Read(path,
            masks.ToDictionary(pair => pair.Key, pair => (pair.Value.Rows, pair.Value.Columns)));
        Assert.Equal(masks.Keys, read.Keys);
        Assert.Equal(masks.Keys, MaskNpz.ReadPacked(path).Keys);
        Assert.All(masks, pair => Assert.Equal(pair.Value.Packed.ToArray(), read[pair.Key].Packed.ToArray()));
        Assert.All(masks, pair => Assert.Equal(pair.Value.Packed.ToArray(), MaskNpz.ReadPacked(path)[pair.Key]));
    }, iter: 50);

    [Fact]
    public void Write_Twice_GivesTheSameBytes()
    {
        using TemporaryFolder folder = new();
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(Original, ShapesOfTheOriginal());
        MaskNpz.Write(folder.File("a.npz"), masks);
        MaskNpz.Write(folder.File("b.npz"), masks);
        Assert.Equal(File.ReadAllBytes(folder.File("a.npz")), File.ReadAllBytes(folder.File("b.npz")));
        using ZipArchive zip = ZipFile.OpenRead(folder.File("a.npz"));
        Assert.All(zip.Entries, entry => Assert.Equal(new DateTime(1980, 1, 1), entry.LastWriteTime.DateTime));
    }

    [Fact]
    public void Read_TensorNotInTheModel_SaysAMaskOfAnotherModel()
    {
        Dictionary<string, (int, int)> shapes = ShapesOfTheOriginal();
        shapes.Remove(First);
        string message = Assert.Throws<InvalidDataException>(() => MaskNpz.Read(Original, shapes)).Message;
        Assert.Contains("a mask of another model", message, StringComparison.Ordinal);
        Assert.Contains(First, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(32, 64, "has 128 bytes and the model's 32 x 64 weights need 256")]
    [InlineData(3, 341, "goes on after the 1023 weights of 3 x 341")]
    public void Read_TensorOfAnotherShape_SaysAMaskOfAnotherModel(int rows, int columns, string expected)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("mask.npz");
        MaskNpz.Write(path, new Dictionary<string, Mask> { ["w"] = new(32, 32, Enumerable.Repeat((byte)0x33, 128).ToArray()) });
        string message = Assert.Throws<InvalidDataException>(() =>
            MaskNpz.Read(path, new Dictionary<string, (int, int)> { ["w"] = (rows, columns) })).Message;
        Assert.Contains("a mask of another model", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadPacked_ZipOfOtherThings_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        CheckRefused(folder, "weights.npy", "PARAMETER.mask.npy", [1]);
        CheckRefused(folder, "w.mask.npy", "does not begin as one", [1]);
        CheckRefused(folder, "w.mask.npy", "one-dimensional UInt8", NpyOf("<i4", "(1,)", 4));
        CheckRefused(folder, "w.mask.npy", "one-dimensional UInt8", NpyOf("|u1", "(2, 2)", 4));
        CheckRefused(folder, "w.mask.npy", "'>i4'", NpyOf(">i4", "(1,)", 4));
    }

    [Fact]
    public void ReadPacked_SameMemberTwice_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("mask.npz");
        WriteZip(path, ("w.mask.npy", NpyOf("|u1", "(4,)", 4)), ("w.mask.npy", NpyOf("|u1", "(4,)", 4)));
        Assert.Contains("masked twice", Assert.Throws<InvalidDataException>(() => MaskNpz.ReadPacked(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ReadPacked_CutOffAnywhere_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = SmallFile(folder);
        for (int length = 0; length < bytes.Length; length++)
        {
            string path = folder.Write("cut.npz", bytes[..length]);
            Assert.Throws<InvalidDataException>(() => MaskNpz.ReadPacked(path));
        }
    }

    // Some bytes of a zip archive mean nothing to a reader (dates, versions); bits of a mask never change unseen.
    [Fact]
    public void ReadPacked_AnyByteFlipped_IsInvalidDataOrTheSameBits()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = SmallFile(folder);
        byte[][] expected = [.. MaskNpz.ReadPacked(folder.File("mask.npz")).Values];
        for (int position = 0; position < bytes.Length; position++)
        {
            foreach (byte flip in new byte[] { 0x01, 0x08, 0x80, 0xFF })
            {
                byte[] damaged = [.. bytes];
                damaged[position] ^= flip;
                CheckSameBits(folder.Write("flipped.npz", damaged), expected);
            }
        }
    }

    [Fact]
    public void ReadPacked_NoSuchFile_SaysSo() =>
        Assert.Throws<FileNotFoundException>(() => MaskNpz.ReadPacked(Path.Combine(AppContext.BaseDirectory, "missing.npz")));

    [Fact]
    public void Write_AnyMask_IsWhatNumpyUnpacks()
    {
        SystemPython.RequireNumpy();
        using TemporaryFolder folder = new();
        byte[] bits = [.. Enumerable.Range(0, 6 * 20).Select(i => (byte)(i * i % 7 & 1))];
        MaskNpz.Write(folder.File("mask.npz"), new Dictionary<string, Mask> { ["model.w"] = Mask.FromBytes(6, 20, bits) });
        string script = $"""
            import numpy
            packed = numpy.load("{folder.File("mask.npz")}")["model.w.mask"]
            mask = numpy.unpackbits(packed).reshape(6, 20)
            print("".join(str(bit) for row in mask for bit in row))
            """;
        (int exitCode, string output) = SystemPython.Run("-c", script);
        Assert.Equal((0, string.Concat(bits)), (exitCode, output.Trim()));
    }

    private static Gen<OrderedDictionary<string, Mask>> AnyMasks =>
        (from rows in Gen.Int[1, 9]
         from columns in Gen.Int[1, 33]
         from bits in Gen.Byte[0, 1].Array[rows * columns]
         select Mask.FromBytes(rows, columns, bits)).Array[0, 5].Select(masks =>
             new OrderedDictionary<string, Mask>(masks.Select((mask, i) => KeyValuePair.Create($"layer.{9 - i}.weight", mask))));

    private static Dictionary<string, (int Rows, int Columns)> ShapesOfTheOriginal()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixture.PathOf("method/oneshot-model-llama-gqa-tied.safetensors"));
        return MaskNpz.ReadPacked(Original).Keys.ToDictionary(name => name, name =>
        {
            TensorEntry entry = file.InFileOrder.First(entry => entry.Name.EndsWith(name, StringComparison.Ordinal));
            return ((int)entry.Shape[0], (int)entry.Shape[1]);
        });
    }

    private static (string, string)[] Members(string path)
    {
        using ZipArchive zip = ZipFile.OpenRead(path);
        return [.. zip.Entries.Select(entry =>
        {
            using Stream stream = entry.Open();
            using MemoryStream bytes = new();
            stream.CopyTo(bytes);
            return (entry.FullName, Convert.ToHexString(bytes.ToArray()));
        })];
    }

    private static byte[] SmallFile(TemporaryFolder folder)
    {
        MaskNpz.Write(folder.File("mask.npz"), new Dictionary<string, Mask>
        {
            ["a"] = Mask.FromBytes(2, 8, [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1]),
            ["b"] = Mask.FromBytes(1, 4, [0, 1, 1, 0]),
        });
        return File.ReadAllBytes(folder.File("mask.npz"));
    }

    private static void CheckSameBits(string path, byte[][] expected)
    {
        try
        {
            Assert.Equal(expected, MaskNpz.ReadPacked(path).Values);
        }
        catch (InvalidDataException error)
        {
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        }
    }

    private static void CheckRefused(TemporaryFolder folder, string member, string expected, byte[] content)
    {
        string path = folder.File("mask.npz");
        File.Delete(path);
        WriteZip(path, (member, content));
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => MaskNpz.ReadPacked(path)).Message, StringComparison.Ordinal);
    }

    private static void WriteZip(string path, params (string Name, byte[] Content)[] members)
    {
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] content) in members)
        {
            using Stream stream = zip.CreateEntry(name).Open();
            stream.Write(content);
        }
    }

    private static byte[] NpyOf(string spelling, string shape, int bytes)
    {
        byte[] text = System.Text.Encoding.ASCII.GetBytes($"{{'descr': '{spelling}', 'fortran_order': False, 'shape': {shape}, }}\n");
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, 0, .. text, .. new byte[bytes]];
    }
}
