using CsCheck;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Tests.Formats.Gguf;

public class GgufValuesTests
{
    private const int BlockValues = 32;

    [Fact]
    public void WriteQ8_KnownBlock_IsWhatWasWorkedOutByHand()
    {
        // The largest magnitude 127 makes d = 1; 2.5 and -2.5 are halves, which go away from zero.
        byte[] bytes = Write(GgufType.Q8, [-127, 2.5f, -2.5f, 2.4f, 0.5f, -0.49f, .. new float[26]]);
        Assert.Equal([0x00, 0x3C, 0x81, 3, 0xFD, 2, 1, 0, .. new byte[26]], bytes);
    }

    [Fact]
    public void WriteQ4_KnownBlock_IsWhatWasWorkedOutByHand()
    {
        // m = -8 makes d = 1 and q = x + 8.5 without its fraction; the 17th value is the high nibble of the first byte.
        float[] values = [-8, 0, 1, 1.49f, 1.5f, 7, 7.9f, .. new float[25]];
        values[16] = -1;
        values[17] = -0.6f;
        Assert.Equal([0x00, 0x3C, 0x70, 0x78, 0x89, 0x89, 0x8A, 0x8F, 0x8F, .. Enumerable.Repeat((byte)0x88, 9)],
            Write(GgufType.Q4, values));
    }

    [Fact]
    public void WriteQ4_LargestIsPositive_HasANegativeScale()
    {
        // m = 8 makes d = -1: 8 is q = 0, and -8 would be q = 16, which ends at 15.
        float[] values = [8, -8, .. new float[30]];
        Assert.Equal([0x00, 0xBC, 0x80, 0x8F, .. Enumerable.Repeat((byte)0x88, 14)], Write(GgufType.Q4, values));
    }

    [Fact]
    public void WriteQ4_EqualMagnitudes_TakesTheSignOfTheFirst()
    {
        float[] values = [-8, 8, .. new float[30]];
        Assert.Equal([0x00, 0x3C], Write(GgufType.Q4, values)[..2]);
    }

    [Theory]
    [InlineData(GgufType.Q8)]
    [InlineData(GgufType.Q4)]
    public void Write_ZeroOrTinyBlock_IsZero(GgufType type)
    {
        Assert.All(Read(type, new float[BlockValues]), value => Assert.Equal(0, value));
        Assert.All(Read(type, [float.Epsilon, -1e-39f, .. new float[30]]), value => Assert.Equal(0, value));
    }

    [Fact]
    public void WriteBFloat16_Halves_GoToTheEvenOne()
    {
        uint[] bits = [0x3F80_0000, 0x3F80_8000, 0x3F81_8000, 0x3F80_8001, 0xBF80_7FFF, 0x8000_0000];
        byte[] bytes = Write(GgufType.BFloat16, [.. bits.Select(BitConverter.UInt32BitsToSingle)]);
        Assert.Equal([0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xBF80, 0x8000], bytes.Chunk(2).Select(pair => (int)BitConverter.ToUInt16(pair)));
    }

    [Fact]
    public void Write_AnyBlock_KeepsToTheBoundOfItsType() => Blocks.Sample(values =>
    {
        float largest = values.Max(Math.Abs);
        Check(GgufType.Float32, values, 0);
        Check(GgufType.BFloat16, values, largest / 256);
        Check(GgufType.Float16, values, largest / 2048 + 6e-8f);
        // Half a step, and what rounding the scale to F16 adds; F16 has steps of 6e-8 at its lower end.
        Check(GgufType.Q8, values, largest / 127 / 2 + largest / 2048 + 127 * 6e-8f);
        // A whole step where the value opposite to the largest is as large: its q would be 16.
        Check(GgufType.Q4, values, largest / 8 + largest / 2048 + 8 * 6e-8f);
    });

    [Fact]
    public void Write_AnyBlock_KeepsZerosInEveryType() => Gen.Select(Blocks, Gen.Bool.Array[BlockValues]).Sample((values, kept) =>
    {
        float[] pruned = [.. values.Zip(kept, (value, keep) => keep ? value : 0)];
        foreach (GgufType type in Enum.GetValues<GgufType>())
            Assert.All(Read(type, pruned).Zip(kept), pair => Assert.True(pair.Second || pair.First == 0));
    });

    [Fact]
    public void Write_SeveralBlocks_AreOneAfterAnother()
    {
        float[] first = [.. Enumerable.Range(0, BlockValues).Select(i => i - 7.5f)], second = [.. first.Select(value => 3 * value * value)];
        foreach (GgufType type in new[] { GgufType.Q8, GgufType.Q4 })
            Assert.Equal([.. Write(type, first), .. Write(type, second)], Write(type, [.. first, .. second]));
    }

    [Fact]
    public void Spelling_AllTypes_ParseBack()
    {
        Assert.Equal("f32, bf16, f16, q8_0, q4_0", GgufTypes.Known);
        Assert.All(Enum.GetValues<GgufType>(), type =>
            Assert.True(GgufTypes.TryParse(type.Spelling(), out GgufType parsed) && parsed == type));
        Assert.False(GgufTypes.TryParse("q4_k", out _));
    }

    // Magnitudes over many powers of two, ties and zeros among them.
    private static Gen<float[]> Blocks =>
        Gen.Select(Gen.Int[-20, 10], Gen.Int[-40, 40].Array[BlockValues])
            .Select((power, whole) => whole.Select(value => value * MathF.Pow(2, power)).ToArray());

    private static void Check(GgufType type, float[] values, float bound) =>
        Assert.All(values.Zip(Read(type, values)), pair =>
            Assert.True(Math.Abs(pair.First - pair.Second) <= bound, $"{type}: {pair.First} became {pair.Second}"));

    private static float[] Read(GgufType type, float[] values)
    {
        byte[] bytes = Write(type, values);
        return [.. Enumerable.Range(0, values.Length).Select(i => GgufFile.ValueAt(type, bytes, i))];
    }

    private static byte[] Write(GgufType type, float[] values)
    {
        byte[] bytes = new byte[type.ByteLength(values.Length)];
        GgufValues.Write(type, values, bytes);
        return bytes;
    }
}
