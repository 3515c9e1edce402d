using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>Attention in bfloat16 against the formula in float64; 1030 tokens take libtorch's fused kernel, fewer the plain
/// products.</summary>
[Collection(TorchTests.Name)]
public class CausalAttentionTests
{
    [Theory]
    [InlineData(2, null)]
    [InlineData(37, null)]
    [InlineData(37, 37)]
    [InlineData(37, 5)]
    [InlineData(1030, null)]
    [InlineData(1030, 100)]
    public void Call_BFloat16_IsTheFormulaAndItsGradient(int tokens, int? window)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(5);
        Tensor[] wide = [.. Enumerable.Range(0, 3)
            .Select(_ => randn([2, tokens, 3, 16], generator: generator).to(ScalarType.BFloat16).to(ScalarType.Float64).requires_grad_())];
        Tensor[] narrow = [.. wide.Select(tensor => tensor.detach().to(ScalarType.BFloat16).requires_grad_())];
        Tensor given = randn([2, tokens, 3, 16], generator: generator);

        Tensor expected = Formula(wide[0], wide[1], wide[2], window ?? tokens),
            found = CausalAttention.Call(narrow[0], narrow[1], narrow[2], window, 0.25, softCap: null);
        (expected * given).sum().backward();
        (found * given.to(ScalarType.BFloat16)).sum().backward();

        Assert.Equal(ScalarType.BFloat16, found.dtype);
        Assert.True(Difference(found, expected) < 0.01);
        for (int i = 0; i < 3; i++) Assert.True(Difference(narrow[i].grad!, wide[i].grad!) < 0.02);
    }

    private static Tensor Formula(Tensor query, Tensor key, Tensor value, int window)
    {
        long tokens = query.size(1);
        Tensor distance = arange(tokens).unsqueeze(1) - arange(tokens);
        Tensor scores = einsum("bthd,bshd->bhts", query, key) / 4;
        return einsum("bhts,bshd->bthd",
            scores.masked_fill(distance.lt(0).logical_or(distance.ge(window)), double.NegativeInfinity).softmax(-1), value);
    }

    // Root mean square of the difference over that of what is expected.
    private static double Difference(Tensor found, Tensor expected) =>
        ((found.to(ScalarType.Float64) - expected).square().mean() / expected.square().mean()).sqrt().item<double>();
}
