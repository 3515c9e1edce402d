using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class SplitBehaviorsTests
{
    // The example of Hugging Face's documentation: "the-final--countdown" split at each '-'.
    [Theory]
    [InlineData("Removed", "the|final|countdown")]
    [InlineData("Isolated", "the|-|final|-|-|countdown")]
    [InlineData("MergedWithPrevious", "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", "the|-final|-|-countdown")]
    [InlineData("Contiguous", "the|-|final|--|countdown")]
    public void Apply_Dashes_AsDocumented(string behavior, string wanted)
    {
        const string Text = "the-final--countdown";
        List<Stretch> stretches =
        [
            new(0, 3, false), new(3, 4, true), new(4, 9, false), new(9, 10, true), new(10, 11, true), new(11, 20, false),
        ];
        List<(int Start, int End)> pieces = Enum.Parse<SplitBehavior>(behavior).Apply(stretches);
        Assert.Equal(wanted, string.Join('|', pieces.Select(piece => Text[piece.Start..piece.End])));
    }
}
