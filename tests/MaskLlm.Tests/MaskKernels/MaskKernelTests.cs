using CsCheck;
using MaskLlm.MaskKernels;
using MaskLlm.Patterns;
using MaskLlm.Randomness;

namespace MaskLlm.Tests.MaskKernels;

/// <summary>Every vector kernel that the processor has against the scalar one, bit for bit.</summary>
public class MaskKernelTests
{
    private static readonly ScalarMaskKernel Scalar = new();

    private static readonly Gen<NmPattern> Patterns = Gen.Select(Gen.Int[2, 8], Gen.Int[0, 6], (m, n) => new NmPattern(1 + n % (m - 1), m));

    private static readonly Gen<MaskSample> Samples = Gen.Select(
        Gen.ULong, Gen.UInt, Gen.Int[0, 300], Gen.Float[1f, 500f], Gen.Float[0.05f, 4f], Gen.Bool, Gen.Bool,
        (seed, step, layer, kappa, tau, hard, noisy) => new MaskSample(seed, step, (uint)layer, kappa, tau, 1e-5f, hard, noisy));

    private static readonly Gen<float> Values = Gen.OneOf(Gen.Float[-0.1f, 0.1f], Gen.Const(0f), Gen.Float[-1e-30f, 1e-30f],
        Gen.Float[-1e3f, 1e3f]);

    public static TheoryData<string> Names => [.. MaskKernelSet.Available.Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_AnyTile_EqualsTheScalarKernel(string name) => Tiles.Sample(
        inputs =>
        {
            Assert.Equal(Sample(Scalar, inputs), Sample(Named(name), inputs));
        },
        iter: 200);

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_AnyTile_EqualsTheScalarKernel(string name) => Tiles.Sample(
        inputs =>
        {
            (float[] expected, uint[] expectedWords) = Gradient(Scalar, inputs);
            (float[] found, uint[] foundWords) = Gradient(Named(name), inputs);
            Assert.Equal(Bits(expected), Bits(found));
            Assert.Equal(expectedWords, foundWords);
        },
        iter: 200);

    [Theory]
    [MemberData(nameof(Names))]
    public void Update_AnyRow_EqualsTheScalarKernel(string name) => Gen.Select(Rows(4), Gen.Float[1e-6f, 1f]).Sample(
        (rows, clip) =>
        {
            AdamWStep step = new(clip, 0.9f, 0.95f, 0.9999f, 1e-3f, 1.3f, 1e-5f);
            Assert.Equal(Update(Scalar, rows, step), Update(Named(name), rows, step));
        },
        iter: 300);

    [Theory]
    [MemberData(nameof(Names))]
    public void Moments_AnyRow_EncodeAndDecodeAsTheScalarKernel(string name) => Gen.Select(Rows(1), Gen.UInt.Array[MaskTile.Size]).Sample(
        (rows, words) => Assert.Equal(Codes(Scalar, rows[0], words), Codes(Named(name), rows[0], words)), iter: 300);

    [Theory]
    [MemberData(nameof(Names))]
    public void Update_MatchesTheFormulaInDoublePrecision(string name) => Rows(3).Sample(
        rows =>
        {
            AdamWStep step = new(0.5f, 0.9f, 0.95f, 0.9999f, 1e-3f, 1.3f, 1e-5f);
            float[] gradient = rows[2], expected = new float[gradient.Length];
            for (int i = 0; i < expected.Length; i++)
            {
                double g = 0.5 * gradient[i], m = 0.9 * rows[1][i] + 0.1 * g, v = 0.95 * Math.Abs(rows[1][i]) + 0.05 * g * g;
                expected[i] = (float)(rows[0][i] * 0.9999 - 1e-3 * m / (Math.Sqrt(v) * 1.3 + 1e-5));
            }
            float[] logits = [.. rows[0]], first = [.. rows[1]], second = [.. rows[1].Select(Math.Abs)];
            Named(name).Update(step, logits, first, second, gradient);
            for (int i = 0; i < expected.Length; i++)
                Assert.InRange(Math.Abs(logits[i] - expected[i]), 0, 2e-6 * Math.Max(1, Math.Abs(expected[i])));
        },
        iter: 100);

    // The mean of many roundings by chance is the number itself: within four standard errors of the step between two codes.
    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_ManyChances_KeepsTheMean(string name)
    {
        IMaskKernel kernel = Named(name);
        float[] first = [.. Enumerable.Range(0, MaskTile.Size).Select(i => (i % 2 == 0 ? 1 : -1) * MathF.Exp(-i * 0.05f))];
        float[] second = [.. first.Select(m => m * m)];
        double[] firstSum = new double[MaskTile.Size], secondSum = new double[MaskTile.Size], bfloatSum = new double[MaskTile.Size];
        const int Draws = 4096;
        Random random = new(5);
        for (int draw = 0; draw < Draws; draw++)
        {
            uint[] words = [.. Enumerable.Range(0, MaskTile.Size).Select(_ => (uint)random.NextInt64(1L << 32))];
            (float[] m, float[] v, float[] b) = RoundTrip(kernel, first, second, words);
            for (int i = 0; i < MaskTile.Size; i++)
                (firstSum[i], secondSum[i], bfloatSum[i]) = (firstSum[i] + m[i], secondSum[i] + v[i], bfloatSum[i] + b[i]);
        }
        for (int i = 0; i < MaskTile.Size; i++)
        {
            double firstStep = (2 * Math.Sqrt(Math.Abs(first[i])) * 127 + 1) / (127 * 127.0),
                secondStep = Math.Pow(Math.Sqrt(Math.Sqrt(second[i])) + 1 / 255.0, 4) - second[i];
            Assert.InRange(Math.Abs(firstSum[i] / Draws - first[i]), 0, 4 * 0.5 * firstStep / Math.Sqrt(Draws));
            Assert.InRange(Math.Abs(secondSum[i] / Draws - second[i]), 0, 4 * 0.5 * secondStep / Math.Sqrt(Draws));
            Assert.InRange(Math.Abs(bfloatSum[i] / Draws - first[i]), 0, 4 * 0.5 * Math.Abs(first[i]) / 128 / Math.Sqrt(Draws));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Narrow_AnyValue_RoundsToTheNearestEven(string name) => Rows(1).Sample(
        rows =>
        {
            ushort[] narrow = new ushort[MaskTile.Size];
            float[] wide = new float[MaskTile.Size];
            Named(name).Narrow(rows[0], narrow);
            Named(name).Widen(narrow, wide);
            for (int i = 0; i < wide.Length; i++)
            {
                Assert.InRange(Math.Abs(wide[i] - rows[0][i]), 0, Math.Abs(rows[0][i]) / 256 + 1e-40);
                Assert.Equal(0u, BitConverter.SingleToUInt32Bits(wide[i]) & 0xFFFF);
            }
        },
        iter: 100);

    [Theory]
    [MemberData(nameof(Names))]
    public void Words_OfAnyGroup_AreThoseOfPhilox(string name)
    {
        TileInputs inputs = new(NmPattern.TwoOfFour, new MaskSample(0x123456789ABCDEF0, 77, 5, 100, 4, 0, false), 48, 1000,
            new float[6 * 48], new float[192], new float[192]);

        (_, uint[] words) = Gradient(Named(name), inputs);

        uint[] block = new uint[4];
        for (int group = 0; group < 48; group++)
            for (int c = 0; c < 6; c++)
            {
                Philox.Block(0x123456789ABCDEF0, 77UL << 32 | 5, (ulong)(c / 4) << 32 | (uint)(1000 + group), block);
                Assert.Equal(block[c % 4], words[c * MaskTile.Size + group]);
            }
    }

    // y = softmax(kappa p / tau), whatever the seed; the words, which round moments by chance, are drawn as ever.
    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_WithoutNoise_IsTheSoftmaxOfTheLogits(string name)
    {
        float[] p = [0.02f, -0.01f, 0f, 0.03f, 0.01f, -0.02f], weight = [1f, -2f, 3f, -4f];
        float[] logits = [.. p.SelectMany(value => Enumerable.Repeat(value, 16))];
        MaskSample sample = new(1, 2, 3, 100, 0.5f, 0, false, Noisy: false);
        TileInputs inputs = new(NmPattern.TwoOfFour, sample, 16, 0, logits, [.. Enumerable.Repeat(weight, 16).SelectMany(w => w)],
            new float[64]);
        double[] y = [.. p.Select(value => Math.Exp(100 * value / 0.5))];
        double sum = y.Sum();
        double[] mask = [(y[0] + y[1] + y[2]) / sum, (y[0] + y[3] + y[4]) / sum, (y[1] + y[3] + y[5]) / sum, (y[2] + y[4] + y[5]) / sum];

        float[] masked = new float[64];
        Named(name).Sample(inputs.Tile, sample, masked, new float[MaskTile.Size], Scratch(inputs.Pattern));

        for (int i = 0; i < masked.Length; i++) Assert.Equal(weight[i % 4] * mask[i % 4], masked[i], 1e-5);
        Assert.Equal(Sample(Named(name), inputs),
            Sample(Named(name), inputs with { Sample = sample with { Seed = 9, Step = 8, Layer = 7 } }));
        Assert.Equal(Gradient(Named(name), inputs with { Sample = sample with { Noisy = true } }).Words,
            Gradient(Named(name), inputs).Words);
    }

    [Fact]
    public void Choose_ForcedName_IsThatKernelOrASentence()
    {
        Assert.Equal("scalar", MaskKernelSet.Choose("scalar").Name);
        Assert.Equal(MaskKernelSet.Available[0], MaskKernelSet.Choose(null));
        Assert.Contains("scalar", Assert.Throws<ArgumentException>(() => MaskKernelSet.Choose("neon")).Message, StringComparison.Ordinal);
    }

    private sealed record TileInputs(NmPattern Pattern, MaskSample Sample, int Groups, int FirstGroup, float[] Logits, float[] Weight,
        float[] Gradient)
    {
        internal MaskTile Tile => new() { Pattern = Pattern, Logits = Logits, Stride = Groups, Weight = Weight, FirstGroup = FirstGroup };
    }

    private static readonly Gen<TileInputs> Tiles =
        from pattern in Gen.OneOf(Gen.Const(NmPattern.TwoOfFour), Patterns)
        from sample in Samples
        from groups in Gen.Int[1, MaskTile.Size / MaskTile.Multiple].Select(n => n * MaskTile.Multiple)
        from first in Gen.Int[0, 1 << 26]
        from logits in Values.Array[pattern.CandidateCount * groups]
        from weight in Values.Array[pattern.GroupSize * groups]
        from gradient in Values.Array[pattern.GroupSize * groups]
        select new TileInputs(pattern, sample, groups, first, logits, weight, gradient);

    private static Gen<float[][]> Rows(int count) => Values.Array[MaskTile.Size].Array[count];

    private static IMaskKernel Named(string name) => MaskKernelSet.Available.Single(kernel => kernel.Name == name);

    private static float[] Scratch(NmPattern pattern) => new float[(pattern.CandidateCount + pattern.GroupSize) * MaskTile.Size];

    private static uint[] Sample(IMaskKernel kernel, TileInputs inputs)
    {
        float[] masked = new float[inputs.Weight.Length], largest = new float[MaskTile.Size];
        kernel.Sample(inputs.Tile, inputs.Sample, masked, largest, Scratch(inputs.Pattern));
        return [.. Bits(masked), .. Bits(largest)];
    }

    private static (float[] ByLogits, uint[] Words) Gradient(IMaskKernel kernel, TileInputs inputs)
    {
        float[] byLogits = new float[inputs.Pattern.CandidateCount * MaskTile.Size];
        uint[] words = new uint[byLogits.Length];
        kernel.Gradient(inputs.Tile, inputs.Sample, inputs.Gradient, byLogits, words, Scratch(inputs.Pattern));
        return (byLogits, words);
    }

    private static uint[] Update(IMaskKernel kernel, float[][] rows, AdamWStep step)
    {
        float[] logits = [.. rows[0]], first = [.. rows[1]], second = [.. rows[2].Select(Math.Abs)];
        kernel.Update(step, logits, first, second, rows[3]);
        return [.. Bits(logits), .. Bits(first), .. Bits(second)];
    }

    private static uint[] Codes(IMaskKernel kernel, float[] values, uint[] words)
    {
        byte[] first = new byte[values.Length], second = new byte[values.Length];
        ushort[] narrow = new ushort[values.Length];
        float[] squares = [.. values.Select(x => x * x)];
        float firstScale = kernel.EncodeFirst(values, words, first), secondScale = kernel.EncodeSecond(squares, words, second);
        kernel.NarrowStochastic(values, words, narrow);
        float[] m = new float[values.Length], v = new float[values.Length];
        kernel.DecodeFirst(first, firstScale, m);
        kernel.DecodeSecond(second, secondScale, v);
        return [.. first.Select(b => (uint)b), .. second.Select(b => (uint)b), .. narrow.Select(b => (uint)b),
            .. Bits([firstScale, secondScale]), .. Bits(m), .. Bits(v)];
    }

    // The sign of a zero is left open: sums of zeros may start from either.
    private static IEnumerable<uint> Bits(float[] values) =>
        values.Select(value => value == 0 ? 0 : BitConverter.SingleToUInt32Bits(value));

    private static (float[] First, float[] Second, float[] BFloat16) RoundTrip(IMaskKernel kernel, float[] first, float[] second,
        uint[] words)
    {
        byte[] codes = new byte[first.Length];
        ushort[] narrow = new ushort[first.Length];
        float[] m = new float[first.Length], v = new float[first.Length], b = new float[first.Length];
        kernel.DecodeFirst(codes, kernel.EncodeFirst(first, words, codes), m);
        kernel.DecodeSecond(codes, kernel.EncodeSecond(second, words, codes), v);
        kernel.NarrowStochastic(first, words, narrow);
        kernel.Widen(narrow, b);
        return (m, v, b);
    }
}
