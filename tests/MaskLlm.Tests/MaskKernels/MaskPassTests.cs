using MaskLlm.MaskKernels;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.MaskKernels;

/// <summary>Whole layers, their last tile included: any kernel and any number of threads gives the same bits.</summary>
public unsafe class MaskPassTests
{
    private static readonly MaskSample Settings = new(11, 3, 2, 100, 2, 1e-4f, false);
    private static readonly AdamWStep Step = new(0.5f, 0.9f, 0.95f, 0.9999f, 1e-2f, 1.3f, 1e-5f);

    public static TheoryData<string, MomentType, bool> Cases
    {
        get
        {
            TheoryData<string, MomentType, bool> cases = [];
            foreach (string pattern in (string[])["2:4", "1:4", "1:2", "4:8"])
                foreach (MomentType moments in Enum.GetValues<MomentType>())
                    foreach (bool narrow in (bool[])[false, true]) cases.Add(pattern, moments, narrow);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Passes_AnyKernelAndThreads_GiveTheSameBits(string pattern, MomentType moments, bool narrow)
    {
        // One tile and a bit, tiles for several threads, and less than a vector.
        foreach (int groups in (int[])[MaskTile.Size + 37, 17 * MaskTile.Size + 16, 5])
        {
            Layer expected = new(NmPattern.Parse(pattern), groups, moments, narrow);
            (double Largest, double Kept, double Squares) reference = expected.Run(new ScalarMaskKernel(), threads: 1, steps: 3);
            foreach (IMaskKernel kernel in MaskKernelSet.Available)
                foreach (int threads in (int[])[1, 2, 5])
                {
                    Layer found = new(NmPattern.Parse(pattern), groups, moments, narrow);
                    (double Largest, double Kept, double Squares) sums = found.Run(kernel, threads, steps: 3);
                    Assert.Equal(expected.State, found.State);
                    // Sums within a tile are the processor's own.
                    Assert.Equal(reference.Largest, sums.Largest, reference.Largest * 1e-6);
                    Assert.Equal(reference.Kept, sums.Kept, reference.Kept * 1e-6);
                    Assert.Equal(reference.Squares, sums.Squares, reference.Squares * 1e-5);
                }
        }
    }

    [Fact]
    public void Sums_AnyNumberOfThreads_AreTheSameBits()
    {
        (double, double, double) one = new Layer(NmPattern.TwoOfFour, 100 * MaskTile.Size, MomentType.Int8, false)
            .Run(MaskKernelSet.Available[0], 1, 2);

        Assert.Equal(one, new Layer(NmPattern.TwoOfFour, 100 * MaskTile.Size, MomentType.Int8, false)
            .Run(MaskKernelSet.Available[0], 4, 2));
    }

    [Theory]
    [InlineData(MomentType.Float32, 18.0)]
    [InlineData(MomentType.BFloat16, 12.0)]
    [InlineData(MomentType.Int8, 9.1)]
    public void Update_ManySteps_FollowsFloat32(MomentType moments, double bytesAWeight)
    {
        Layer exact = new(NmPattern.TwoOfFour, 4096, MomentType.Float32, false), kept = new(NmPattern.TwoOfFour, 4096, moments, false);
        exact.Run(MaskKernelSet.Available[0], 1, 40);
        kept.Run(MaskKernelSet.Available[0], 1, 40);

        Assert.InRange(kept.StateBytes / (4096.0 * 4), 0, bytesAWeight);
        double moved = exact.Logits.Zip(exact.FirstLogits, (a, b) => Math.Pow(a - b, 2)).Sum(),
            apart = exact.Logits.Zip(kept.Logits, (a, b) => Math.Pow(a - b, 2)).Sum();
        Assert.InRange(apart, 0, 0.02 * moved);
    }

    private sealed class Layer
    {
        private readonly NmPattern _pattern;
        private readonly MomentType _moments;
        private readonly bool _narrow;
        private readonly byte[] _first, _second;
        private readonly float[] _logits, _weight, _gradient, _firstScales, _secondScales;
        private readonly ushort[] _narrowWeight, _narrowGradient;
        private readonly byte[] _masked;

        internal Layer(NmPattern pattern, int groups, MomentType moments, bool narrow)
        {
            (_pattern, _moments, _narrow) = (pattern, moments, narrow);
            Random random = new(groups);
            float[] Draw(int count, float size) => [.. Enumerable.Range(0, count).Select(_ => size * (random.NextSingle() - 0.5f))];
            int logits = pattern.CandidateCount * groups, weights = pattern.GroupSize * groups,
                bytes = moments switch { MomentType.Float32 => 4, MomentType.BFloat16 => 2, _ => 1 };
            (_logits, _weight, _gradient) = (Draw(logits, 0.02f), Draw(weights, 0.2f), Draw(weights, 0.01f));
            FirstLogits = [.. _logits];
            (_narrowWeight, _narrowGradient, _masked) = (Bits(_weight), Bits(_gradient), new byte[weights * (narrow ? 2 : 4)]);
            (_first, _second) = (new byte[logits * bytes], new byte[logits * bytes]);
            int scales = moments == MomentType.Int8 ? pattern.CandidateCount * ((groups + MaskTile.Size - 1) / MaskTile.Size) : 0;
            (_firstScales, _secondScales) = (new float[scales], new float[scales]);
        }

        internal float[] FirstLogits { get; }

        internal float[] Logits => _logits;

        internal long StateBytes => 4L * _logits.Length + _first.Length + _second.Length
            + 4L * (_firstScales.Length + _secondScales.Length);

        internal byte[] State =>
            [.. _logits.SelectMany(BitConverter.GetBytes), .. _first, .. _second, .. _firstScales.Concat(_secondScales)
            .SelectMany(BitConverter.GetBytes), .. _masked];

        internal (double Largest, double Kept, double Squares) Run(IMaskKernel kernel, int threads, int steps)
        {
            MaskPass pass = new(kernel, _pattern, threads);
            (double Largest, double Kept) sums = default;
            double squares = 0;
            fixed (float* logits = _logits, wide = _weight, wideGradient = _gradient, firstScales = _firstScales,
                secondScales = _secondScales)
            fixed (ushort* narrow = _narrowWeight, narrowGradient = _narrowGradient)
            fixed (byte* first = _first, second = _second, masked = _masked)
            {
                MaskLayer layer = new()
                {
                    Pattern = _pattern,
                    Logits = new AdamWState
                    {
                        Count = _weight.Length / _pattern.GroupSize,
                        Values = logits,
                        First = first,
                        Second = second,
                        FirstScales = firstScales,
                        SecondScales = secondScales,
                        Moments = _moments,
                    },
                    Weight = _narrow ? narrow : wide,
                    NarrowWeight = _narrow,
                };
                void* gradient = _narrow ? narrowGradient : wideGradient;
                for (uint step = 0; step < steps; step++)
                {
                    MaskSample sample = Settings with { Step = step };
                    sums = pass.Sample(layer, sample, masked, _narrow);
                    squares = pass.SquaredNorm(layer, sample, gradient, _narrow);
                    pass.Update(layer, sample, gradient, _narrow, Step);
                }
            }
            return (sums.Largest, sums.Kept, squares);
        }

        private static ushort[] Bits(float[] values) => [.. values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))];
    }
}
