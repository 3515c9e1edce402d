using CsCheck;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public class SequencePermutationTests
{
    [Fact]
    public void Item_AllPlaces_GivesEachNumberOnce() =>
        Gen.Select(Gen.Int[1, 3000], Gen.ULong, Gen.Long[0, 1000]).Sample((count, key, epoch) =>
        {
            SequencePermutation permutation = new(count, key, 256, epoch);
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), Enumerable.Range(0, count).Select(i => permutation[i]).Order());
        }, iter: 200);

    [Fact]
    public void Item_EveryFirstPlaceOverEpochs_IsUniform()
    {
        const int count = 5, draws = 20_000;
        int[] seen = new int[count];
        for (int epoch = 0; epoch < draws; epoch++)
            seen[new SequencePermutation(count, 7, 256, epoch)[0]]++;
        // Six standard deviations of a binomial count: sqrt(20000 * 0.2 * 0.8) = 57.
        Assert.All(seen, n => Assert.InRange(n, (draws / count) - 340, (draws / count) + 340));
    }

    [Fact]
    public void Item_HugeCount_StaysInRange()
    {
        const long count = (1L << 40) + 1;
        SequencePermutation permutation = new(count, 7, 256, 0);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(i => permutation[i * (count / 1000)]).Where(n => n is >= 0 and < count)
            .Distinct().Count());
    }
}
