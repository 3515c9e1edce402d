using MaskLlm.Architectures;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>Who is chosen, and that the others cost nothing.</summary>
[Collection(TorchTests.Name)]
public sealed class ExpertLayersTests
{
    private static readonly ExpertsConfig TwoOfFour = new() { Count = 4, PerToken = 2, Width = 8 };

    [Fact]
    public void Routing_OfLogits_PutsPairsOfOneExpertTogether()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 1f, 3, 2, 0, 0, 5, 1, 4, 9, 0, 1, 0 }).view(3, 4);
        Routing routing = Routing.Of(TwoOfFour, logits, null);
        Assert.Equal([1L, 2, 1, 3, 0, 2], routing.Chosen);
        Assert.Equal([1, 2, 2, 1], routing.Counts);
        Assert.Equal([2L, 0, 1, 0, 2, 1], routing.Tokens.data<long>().ToArray());
        // Of the first token softmax(1, 3, 2, 0) of experts 1 and 2.
        double sum = Math.Exp(1) + Math.Exp(3) + Math.Exp(2) + 1;
        Assert.Equal(Math.Exp(3) / sum, routing.Weights[1].item<float>(), 1e-6);
        Assert.Equal(Math.Exp(2) / sum, routing.Weights[3].item<float>(), 1e-6);
    }

    [Fact]
    public void Routing_OfNormalizedSigmoids_SumsToTheScale()
    {
        using DisposeScope scope = NewDisposeScope();
        ExpertsConfig config = TwoOfFour with { Score = RouterScore.Sigmoid, NormalizesChosen = true, Scale = 2.5 };
        Routing routing = Routing.Of(config, tensor(new[] { 0f, 1, 2, -1 }).view(1, 4), null);
        Assert.Equal([2L, 1], routing.Chosen);
        Assert.Equal(2.5f, routing.Weights.sum().item<float>(), 1e-5f);
    }

    /// <summary>The correction decides who is chosen, and not what the output is multiplied by.</summary>
    [Fact]
    public void Routing_WithACorrection_ChoosesByIt()
    {
        using DisposeScope scope = NewDisposeScope();
        ExpertsConfig config = TwoOfFour with { Score = RouterScore.Sigmoid, HasCorrection = true, PerToken = 1 };
        Routing routing = Routing.Of(config, tensor(new[] { 0f, 3, 0, 0 }).view(1, 4), tensor(new[] { 0f, 0, 0, 2 }));
        Assert.Equal([3L], routing.Chosen);
        Assert.Equal(0.5f, routing.Weights.item<float>(), 1e-6f);
    }

    /// <summary>The two best of groups {0, 1}, {2, 3}, {4, 5} sum to 1.0, 1.3 and 0.9: the best expert of all is outside.</summary>
    [Fact]
    public void Routing_OfGroups_StaysWithinTheBest()
    {
        using DisposeScope scope = NewDisposeScope();
        ExpertsConfig config = new() { Count = 6, PerToken = 2, Width = 8, Score = RouterScore.Sigmoid, Groups = 3, GroupsPerToken = 1 };
        float[] scores = [0.95f, 0.05f, 0.7f, 0.6f, 0.5f, 0.4f];
        Routing routing = Routing.Of(config, tensor(scores).logit().view(1, 6), null);
        Assert.Equal([2L, 3], routing.Chosen);
    }

    [Fact]
    public void Call_ExpertsThatNoTokenReaches_HaveNoGradient()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/qwen3-moe"));
        foreach (LinearLayer layer in model.Linears) layer.Weight.requires_grad_();
        // One token goes through two of eight experts a block.
        model.Forward(tensor(new long[] { 5 }).view(1, 1)).sum().backward();
        string[] reached = [.. model.Linears.Where(layer => layer.Name.Contains("experts", StringComparison.Ordinal)
            && layer.Weight.grad is not null).Select(layer => layer.Name)];
        Assert.Equal(2 * 2 * 3, reached.Length);
        Assert.Equal(2 * 8 * 3, model.Linears.Count(layer => layer.Name.Contains("experts", StringComparison.Ordinal)));
    }
}
