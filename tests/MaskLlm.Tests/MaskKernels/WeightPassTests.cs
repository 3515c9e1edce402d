using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.MaskKernels;

/// <summary>AdamW over weights: any kernel and any number of threads gives the same bits, and tensor operations the same up to
/// rounding.</summary>
[Collection(TorchTests.Name)]
public unsafe class WeightPassTests
{
    private const int Steps = 5;

    public static TheoryData<MomentType, bool, bool> Cases
    {
        get
        {
            TheoryData<MomentType, bool, bool> cases = [];
            foreach (MomentType moments in Enum.GetValues<MomentType>())
                foreach (bool narrow in (bool[])[false, true])
                    foreach (bool masked in (bool[])[false, true]) cases.Add(moments, narrow, masked);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Update_AnyKernelAndThreads_GivesTheSameBits(MomentType moments, bool narrow, bool masked)
    {
        foreach (int count in (int[])[MaskTile.Size + 37, 17 * MaskTile.Size + 16, 5])
        {
            byte[] expected = Run(new ScalarMaskKernel(), 1, count, moments, narrow, masked);
            foreach (IMaskKernel kernel in MaskKernelSet.Available)
                foreach (int threads in (int[])[1, 2, 5])
                    Assert.Equal(expected, Run(kernel, threads, count, moments, narrow, masked));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Update_Float32Moments_IsAdamWByTensorOperations(bool narrow, bool masked)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(3, CPU);
        foreach (long[] shape in (long[][])[[3, 100], [7, 4], [64, 64], [1]])
        {
            Tensor start = randn(shape, generator: generator), plain = start.clone(), fused = start.clone();
            Tensor? mask = masked ? rand(shape, generator: generator).gt(tensor(0.5f)).to(ScalarType.Float32) : null;
            using AdamWMoments ofPlain = new(plain), ofFused = new(fused);
            for (int step = 0; step < Steps; step++)
            {
                Tensor gradient = randn(shape, generator: generator).to(narrow ? ScalarType.BFloat16 : ScalarType.Float32);
                AdamWRates rates = new(step, 1e-2, 0.1, 1e-8);
                ofFused.Update(fused, gradient, rates, 0.5, mask);
                Tensor own = gradient.to(ScalarType.Float32).Times(0.5);
                ofPlain.UpdatePlain(plain, mask is null ? own : own * mask, rates);
            }
            Assert.True(allclose(plain, fused, rtol: 1e-5, atol: 1e-6), string.Join(" x ", shape));
            Assert.True(allclose(ofPlain.First, ofFused.First, rtol: 1e-5, atol: 1e-7));
            Assert.True(allclose(ofPlain.Second, ofFused.Second, rtol: 1e-5, atol: 1e-7));
        }
    }

    [Theory]
    [InlineData(MomentType.BFloat16, 8.0)]
    [InlineData(MomentType.Int8, 6.1)]
    public void Update_ManySteps_FollowsFloat32(MomentType moments, double bytesAWeight)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(5, CPU);
        Tensor start = randn(64, 128, generator: generator), exact = start.clone(), kept = start.clone();
        Tensor drift = randn(64, 128, generator: generator);
        using AdamWMoments ofExact = new(exact), ofKept = new(kept, moments);
        for (int step = 0; step < 60; step++)
        {
            Tensor gradient = randn(64, 128, generator: generator) + drift;
            AdamWRates rates = new(step, 1e-2, 0, 1e-8);
            ofExact.Update(exact, gradient, rates);
            ofKept.Update(kept, gradient, rates, seed: 1, layer: 2);
        }
        double moved = (exact - start).square().sum().item<float>(), apart = (exact - kept).square().sum().item<float>();
        Assert.InRange(apart, 0, 0.02 * moved);
        Assert.InRange(ofKept.State("").Sum(each => each.Value.NumberOfElements * each.Value.ElementSize) / (64.0 * 128) + sizeof(float),
            0, bytesAWeight);
    }

    [Fact]
    public void Words_OfTiles_AreNoneOfTheNoises()
    {
        MaskSample sample = new(7, 1, 2, 1, 1, 0, Hard: false);
        uint[] first = new uint[MaskTile.Size], second = new uint[MaskTile.Size];
        MaskKernelSet.Available[0].Words(sample, 0, first);
        MaskKernelSet.Available[0].Words(sample, 1, second);
        HashSet<uint> all = [.. first, .. second];
        Assert.InRange(all.Count, (2 * MaskTile.Size) - 1, 2 * MaskTile.Size);
    }

    private static byte[] Run(IMaskKernel kernel, int threads, int count, MomentType moments, bool narrow, bool masked)
    {
        Random random = new(count);
        float[] values = Draw(random, count), wide = Draw(random, count), mask = [.. Draw(random, count).Select(x => x > 0 ? 1f : 0f)];
        ushort[] words = [.. wide.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))];
        byte[] first = new byte[4 * count], second = new byte[4 * count];
        float[] firstScales = new float[MaskTile.CountOf(count)], secondScales = new float[MaskTile.CountOf(count)];
        fixed (float* value = values, wideGradient = wide, factors = mask, ofFirst = firstScales, ofSecond = secondScales)
        fixed (ushort* narrowGradient = words)
        fixed (byte* m = first, v = second)
        {
            AdamWState state = new()
            {
                Count = count,
                Values = value,
                First = m,
                Second = v,
                FirstScales = ofFirst,
                SecondScales = ofSecond,
                Moments = moments,
            };
            for (uint step = 0; step < Steps; step++)
                new WeightPass(kernel, threads).Update(state, narrow ? narrowGradient : wideGradient, narrow, masked ? factors : null,
                    new MaskSample(9, step, 4, 1, 1, 0, Hard: false), new AdamWStep(0.5f, 0.9f, 0.95f, 0.9999f, 1e-2f, 1.3f, 1e-8f));
        }
        return [.. values.Concat(firstScales).Concat(secondScales).SelectMany(BitConverter.GetBytes), .. first, .. second];
    }

    private static float[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
