using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

/// <summary>Each number by itself, from the counter that the files of a resumed run depend on.</summary>
[Collection(TorchTests.Name)]
public sealed class MaskNoiseTests
{
    // Around the ends of the pieces that threads take.
    private const int Groups = (1 << 15) + 3;

    [Theory]
    [InlineData(6)]
    [InlineData(4)]
    [InlineData(1)]
    public void Normal_EveryNumber_IsBoxAndMullersOfTwoLayersOfTheCounter(int candidates)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor drawn = MaskNoise.Normal(9, 3, candidates, Groups);
        Assert.Equal([candidates, Groups], drawn.shape);
        float[] found = drawn.data<float>().ToArray();
        for (int candidate = 0; candidate < candidates; candidate++)
            foreach (int group in (int[])[0, 1, (1 << 15) - 1, 1 << 15, Groups - 1])
            {
                double radius = Math.Sqrt(-2 * Math.Log(Uniform(9, 0xFFFF_FFFF, 6, candidate, group)));
                double angle = 2 * Math.PI * Uniform(9, 0xFFFF_FFFF, 7, candidate, group);
                Assert.Equal(radius * Math.Cos(angle), found[candidate * Groups + group], 1e-4);
            }
    }

    [Fact]
    public void Gumbel_EveryNumber_IsTwiceTheLogarithmOfTheCounters()
    {
        using DisposeScope scope = NewDisposeScope();
        float[] found = MaskNoise.Gumbel(new MaskSample(9, 5, 2, 1, 1, 0, false), zeros(6, Groups)).data<float>().ToArray();
        for (int candidate = 0; candidate < 6; candidate++)
            foreach (int group in (int[])[0, 7, (1 << 15) - 1, 1 << 15, Groups - 1])
                Assert.Equal(-Math.Log(-Math.Log(Uniform(9, 5, 2, candidate, group))), found[candidate * Groups + group], 1e-4);
    }

    // 23 bits and a half of the word of a candidate, of the block of four words that its group has.
    private static double Uniform(ulong seed, ulong step, uint layer, int candidate, int group)
    {
        uint[] words = new uint[4];
        Philox.Block(seed, step << 32 | layer, (ulong)(candidate / 4) << 32 | (uint)group, words);
        return ((words[candidate % 4] >> 9) + 0.5) / (1 << 23);
    }
}
