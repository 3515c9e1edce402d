using MaskLlm.Evaluation;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Packing;
using MaskLlm.Patterns;
using MaskLlm.Tests.Models;

namespace MaskLlm.Tests.Evaluation;

[Collection(TorchTests.Name)]
public sealed class KeptWeightsTests
{
    private static readonly string Original = Fixture.PathOf("method/llama-gqa-tied.wanda.mask_compressed.npz");

    [Fact]
    public void Read_MaskFileWithAndWithoutModel_HasTheSameBits()
    {
        KeptWeights flat = Read(Original), shaped = Read(Original, ModelMasks.Folder("llama-gqa-tied"));
        Assert.False(flat.ShapesKnown);
        Assert.True(shaped.ShapesKnown);
        Assert.Equal(14, shaped.Masks.Count);
        Assert.All(shaped.Masks, pair => Assert.Equal(pair.Value.Packed.ToArray(), flat.Masks[pair.Key].Packed.ToArray()));
        Assert.Equal(NmPattern.TwoOfFour, SparsityReport.Of(flat).Pattern);
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-bf16-sharded")]
    [InlineData("llama-f16")]
    public void Read_FolderOfAMaskedCheckpoint_GivesItsMasks(string model)
    {
        using TemporaryFolder folder = new();
        IReadOnlyDictionary<string, Mask> masks = ModelMasks.Of(model);
        MaskedCheckpoint.Write(ModelMasks.Folder(model), masks, folder.File("out"), cancellation: TestContext.Current.CancellationToken);
        KeptWeights read = Read(folder.File("out"));
        Assert.Equal(masks.Count, read.Masks.Count);
        SparsityReport report = SparsityReport.Of(read, new KeptWeights(masks));
        Assert.Equal(1, report.Agreement!.Value.EqualBits);
        Assert.Equal((NmPattern.TwoOfFour, 0.5), (report.Pattern, report.Density));
    }

    [Fact]
    public void Read_SafetensorsFile_HasItsMatricesOnly()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path,
        [
            Tensor("f32", TensorType.Float32, [1, 4], BitConverter.GetBytes(-0f), BitConverter.GetBytes(1f), BitConverter.GetBytes(0f),
                [1, 0, 0, 0]),
            Tensor("bf16", TensorType.BFloat16, [2, 2], [0, 0x80], [1, 0], [0, 0], [0x80, 0xBF]),
            Tensor("f16", TensorType.Float16, [2, 2], [1, 0x80], [0, 0x80], [0, 0], [0, 0x3C]),
            Tensor("f64", TensorType.Float64, [1, 2], BitConverter.GetBytes(-0d), BitConverter.GetBytes(-1d)),
            Tensor("f8", TensorType.Float8E4M3, [1, 3], [0x80, 0x81, 0]),
            Tensor("i8", TensorType.Int8, [1, 2], [0x80, 0]),
            Tensor("vector", TensorType.Float32, [1], BitConverter.GetBytes(1f)),
            Tensor("empty", TensorType.Float32, [0, 4]),
        ]);
        IReadOnlyDictionary<string, Mask> masks = Read(path).Masks;
        Dictionary<string, byte[]> expected = new()
        {
            ["f32"] = [0, 1, 0, 1],
            ["bf16"] = [0, 1, 0, 1],
            ["f16"] = [1, 0, 0, 1],
            ["f64"] = [0, 1],
            ["f8"] = [0, 1, 0],
            ["i8"] = [1, 0],
        };
        Assert.Equal(expected.Keys.Order(), masks.Keys.Order());
        Assert.All(expected, pair => Assert.Equal(pair.Value, Bits(masks[pair.Key])));
    }

    [Fact]
    public void Read_NothingToInspect_IsInvalidData()
    {
        using TemporaryFolder folder = new();
        MaskNpz.Write(folder.File("none.npz"), new Dictionary<string, Mask>());
        Assert.Contains("nothing to inspect", Assert.Throws<InvalidDataException>(() => Read(folder.File("none.npz"))).Message,
            StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => Read(folder.File("absent.npz")));
        Assert.Throws<InvalidDataException>(() => Read(folder.Path));
        Assert.Contains("another model",
            Assert.Throws<InvalidDataException>(() => Read(Original, ModelMasks.Folder("llama-head-dim"))).Message,
            StringComparison.Ordinal);
    }

    private static KeptWeights Read(string path, string? model = null) =>
        KeptWeights.Read(path, model, TestContext.Current.CancellationToken);

    private static byte[] Bits(Mask mask)
    {
        byte[] bits = new byte[mask.Rows * mask.Columns];
        mask.CopyTo(bits);
        return bits;
    }

    private static TensorToWrite Tensor(string name, TensorType type, long[] shape, params byte[][] values)
    {
        byte[] bytes = [.. values.SelectMany(value => value)];
        return new TensorToWrite(name, type, shape, bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>More than is looked at in one piece, in bytes and in wider values.</summary>
    [Theory]
    [InlineData(TensorType.UInt8, 1)]
    [InlineData(TensorType.BFloat16, 2)]
    public void Read_MatrixOfManyMegabytes_KeepsTheLastValues(TensorType type, int width)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.safetensors");
        byte[] bytes = new byte[(1 << 24) + 8 * width];
        foreach (int value in (int[])[0, (1 << 24) / width - 1, (1 << 24) / width, (1 << 24) / width + 7]) bytes[value * width] = 1;
        SafetensorsWriter.Write(path,
            [new TensorToWrite("a", type, [1, bytes.Length / width], bytes.Length, stream => stream.Write(bytes))]);
        Mask mask = Read(path).Masks["a"];
        Assert.Equal(4, mask.KeptCount);
        Assert.Equal((byte)0b1000_0001, mask.Packed[^1]);
        Assert.Equal((byte)1, mask.Packed[^2]);
    }

    [Fact]
    public void Read_ZerosOfAnySign_AreNotKept()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path,
        [
            Tensor("c64", TensorType.Complex64, [1, 3], BitConverter.GetBytes(-0f), BitConverter.GetBytes(-0f), BitConverter.GetBytes(0f),
                BitConverter.GetBytes(1f), BitConverter.GetBytes(1f), BitConverter.GetBytes(0f)),
            Tensor("i64", TensorType.Int64, [1, 2], BitConverter.GetBytes(long.MinValue), BitConverter.GetBytes(0L)),
            Tensor("f8", TensorType.Float8E5M2, [1, 3], [0x80, 0x81, 0x3C]),
        ]);
        IReadOnlyDictionary<string, Mask> masks = Read(path).Masks;
        Assert.Equal([0, 1, 1], Bits(masks["c64"]));
        Assert.Equal([1, 0], Bits(masks["i64"]));
        Assert.Equal([0, 1, 1], Bits(masks["f8"]));
    }

    [Fact]
    public void InShapeOf_OtherSizes_FitOnlyWhereTheBitsDo()
    {
        Mask seven = Mask.FromBytes(1, 7, [1, 1, 1, 1, 1, 1, 1]);
        KeptWeights flat = new(new Dictionary<string, Mask> { ["a"] = new(1, 8, [0xFF]), ["b"] = new(1, 8, [0xFE]) }, ShapesKnown: false);
        Assert.Null(flat.InShapeOf(seven, "a"));
        Assert.Equal((1, 7), (flat.InShapeOf(seven, "b")!.Rows, flat.InShapeOf(seven, "b")!.Columns));
        Assert.Null((flat with { ShapesKnown = true }).InShapeOf(seven, "b"));
    }
}
