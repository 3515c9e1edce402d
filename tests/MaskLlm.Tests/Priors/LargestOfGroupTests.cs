using MaskLlm.Patterns;
using MaskLlm.Priors;

namespace MaskLlm.Tests.Priors;

/// <summary>The largest of each group, four at once and one by one.</summary>
public sealed class LargestOfGroupTests
{
    /// <summary>Few different values, so that ties of all kinds come; both zeros are one value.</summary>
    [Theory]
    [InlineData("1:4")]
    [InlineData("2:4")]
    [InlineData("3:4")]
    public void Keep_RandomScoresWithTies_EqualsThePlainForm(string pattern)
    {
        NmPattern parsed = NmPattern.Parse(pattern);
        Random random = new(5);
        float[] values = [0, -0f, 1, 2, 2.5f, float.MaxValue, float.Epsilon];
        float[] scores = [.. Enumerable.Range(0, 4 * 5003).Select(_ => values[random.Next(values.Length)])];
        float[] kept = new float[scores.Length], plain = new float[scores.Length];

        LargestOfGroup.Keep(scores, kept, parsed);
        LargestOfGroup.KeepPlain(scores, plain, parsed);

        Assert.Equal(plain, kept);
        Assert.Equal(5003 * parsed.Kept, (int)kept.Sum());
    }

    /// <summary>Of equal scores the lower index stays.</summary>
    [Fact]
    public void Keep_EqualScores_KeepsTheFirst()
    {
        float[] kept = new float[8];
        LargestOfGroup.Keep([1, 1, 1, 1, 2, 3, 3, 3], kept, NmPattern.TwoOfFour);
        Assert.Equal([1, 1, 0, 0, 0, 1, 1, 0], kept);
    }
}
