using MaskLlm.Models;
using MaskLlm.Patterns;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public sealed class LayerSelectionTests
{
    private static readonly string Tiny = Fixture.PathOf("models/llama-gqa-tied");

    [Theory]
    [InlineData(14)]
    [InlineData(12, "*k_proj.weight")]
    [InlineData(7, "model.layers.0.*")]
    [InlineData(3, "model.layers.0.*", "*.?_proj.weight", "model.embed_tokens.weight")]
    public void Select_Skipped_LeavesTheOthersInOrder(int expected, params string[] skip)
    {
        using Decoder model = Checkpoint.Load(Tiny);
        IReadOnlyList<LinearLayer> selected = LayerSelection.Select(model, NmPattern.TwoOfFour, skip);
        Assert.Equal(model.Linears.Where(selected.Contains), selected);
        Assert.Equal(expected, selected.Count);
    }

    [Theory]
    [InlineData("2:4", "*.nothing", "`Skip` *.nothing matches no parameter")]
    [InlineData("2:4", "*.K_PROJ.weight", "*.K_PROJ.weight matches no parameter")]
    [InlineData("2:4", "*", "`Skip` leaves no layer")]
    [InlineData("1:3", "model.embed_tokens.weight", "32 columns; pattern 1:3 needs a multiple of 3")]
    public void Select_NothingToDo_IsRefused(string pattern, string skip, string expected)
    {
        using Decoder model = Checkpoint.Load(Tiny);
        string message = Assert.Throws<ArgumentException>(() => LayerSelection.Select(model, NmPattern.Parse(pattern), [skip])).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
