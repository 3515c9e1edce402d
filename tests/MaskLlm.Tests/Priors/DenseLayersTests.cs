using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>Which layers stay dense, and what their pruning is taken to cost.</summary>
[Collection(TorchTests.Name)]
public sealed class DenseLayersTests : IDisposable
{
    private readonly Decoder _model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
    private readonly int[][] _sequences =
        [.. Enumerable.Range(0, 5).Select(row => Enumerable.Range(0, 12).Select(i => (row * 31 + i * i * 7) % 128).ToArray())];

    public void Dispose() => _model.Dispose();

    /// <summary>Weights of a block: q and o 1024, k and v 512, gate, up and down 2048.</summary>
    [Theory]
    [InlineData(0.0, "")]
    [InlineData(0.02, "")]                      // 368 of 18,432: less than any layer
    [InlineData(0.028, "0.v")]
    [InlineData(0.06, "0.v 1.k")]               // 0.q costs more than these, and no longer fits
    [InlineData(0.0834, "0.q 0.v")]
    [InlineData(0.195, "0.q 0.v 0.down")]
    public void Within_Budget_TakesTheDearestThatFitAndNeverMore(double share, string expected)
    {
        Dictionary<string, double> losses = _model.Linears.ToDictionary(layer => layer.Name, _ => 0.0);
        losses["model.layers.0.self_attn.v_proj.weight"] = 512 * 5;
        losses["model.layers.0.self_attn.q_proj.weight"] = 1024 * 4;
        losses["model.layers.0.mlp.down_proj.weight"] = 2048 * 3;
        losses["model.layers.1.self_attn.k_proj.weight"] = 512 * 2;

        IReadOnlyList<LinearLayer> dense = DenseLayers.Within(share, _model.Linears, losses);

        IEnumerable<string[]> names = dense.Select(layer => layer.Name.Split('.'));
        Assert.Equal(expected, string.Join(' ', names.Select(name => $"{name[2]}.{name[4].Split('_')[0]}")));
        Assert.True(dense.Sum(DenseLayers.Weights) <= share * _model.Linears.Sum(DenseLayers.Weights));
    }

    [Theory]
    [InlineData("magnitude", 0)]
    [InlineData("wanda", 5)]
    [InlineData("sparsegpt", 5)]
    [InlineData("admm", 5)]
    public void Choose_Method_KeepsTheBudgetAndTheModelAndRepeats(string method, int sequences)
    {
        PruneMethod how = new(method, NmPattern.TwoOfFour) { TrainsBlocks = method == "admm" };
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> before = _model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight.clone());
        long total = _model.Linears.Sum(DenseLayers.Weights);
        string[] Chosen(double share) => [.. DenseLayers.Choose(_model, how, _model.Linears, _sequences[..sequences], share, null,
            TestContext.Current.CancellationToken).Select(layer => layer.Name)];
        Chosen(0.1);    // rotary tables are made once
        long alive = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        foreach (double share in new[] { 0, 0.1, 0.5, 0.999 })
        {
            string[] chosen = Chosen(share);
            long weights = _model.Linears.Where(layer => chosen.Contains(layer.Name)).Sum(DenseLayers.Weights);
            Assert.InRange(weights, share == 0 ? 0 : share * total - 2048, share * total);
            Assert.NotEqual(_model.Linears.Count, chosen.Length);
            Assert.Equal(chosen, Chosen(share));
        }

        Assert.Equal(alive, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Assert.All(_model.Linears, layer => Assert.Equal(0, TensorFile.MaxDifference(before[layer.Name], layer.Weight)));
        Assert.All(_model.Linears, layer => Assert.False(layer.Weight.requires_grad));
    }

    [Fact]
    public void Choose_SequencesOfOneToken_AreRefused() => Assert.Equal(
        "`DenseShare` looks at what is predicted, and `SequenceLength` is 1; 2 or more is needed.",
        Assert.Throws<ArgumentException>(() => DenseLayers.Choose(_model, new PruneMethod("wanda", NmPattern.TwoOfFour), _model.Linears,
            [[1], [2]], 0.5, null, TestContext.Current.CancellationToken)).Message);

    /// <summary>Slopes of the loss along the change, by differences: T / 2 times the mean of their squares.</summary>
    [Fact]
    public void ChangeLosses_Change_IsTheSquareOfTheLossesSlope()
    {
        using DisposeScope scope = NewDisposeScope();
        LinearLayer layer = _model.Linears[9];
        Tensor change = layer.Weight * (layer.Weight.abs() < 0.1f).to(ScalarType.Float32) * -1;
        double Loss(int[] sequence, double step)
        {
            using WeightLoan loan = layer.Lend(layer.Weight + change * step);
            (Tensor inputs, Tensor targets) = TokenBatch.Split(sequence, 1, CPU);
            using Tensor logits = _model.Forward(inputs).to(ScalarType.Float64);
            return nn.functional.cross_entropy(logits.view(-1, logits.size(2)), targets.reshape(-1)).item<double>();
        }
        const double Step = 0.02;
        double expected = 11 / 2.0 * _sequences.Average(each => Math.Pow((Loss(each, Step) - Loss(each, -Step)) / (2 * Step), 2));

        Dictionary<string, double> losses = ChangeLosses.Of(_model, new Dictionary<string, Tensor> { [layer.Name] = change }, _sequences,
            null, TestContext.Current.CancellationToken);

        Assert.Equal([layer.Name], losses.Keys);
        Assert.InRange(losses[layer.Name], expected * 0.99, expected * 1.01);
        Assert.True(expected > 1e-6);
    }
}
