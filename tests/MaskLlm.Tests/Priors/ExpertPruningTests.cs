using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>What goes into an expert is that of the tokens that reach it, or of all where few do.</summary>
[Collection(TorchTests.Name)]
public sealed class ExpertPruningTests : IDisposable
{
    private readonly Decoder _model = Checkpoint.Load(Fixture.PathOf("models/mixtral"));

    private static readonly int[][] Sequences =
        [.. Enumerable.Range(0, 4).Select(row => Enumerable.Range(0, 24).Select(i => (row * 37 + i * i * 11) % 128).ToArray())];

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(0, false)]
    [InlineData(1 << 20, true)]
    public void Wanda_OfAnExpert_ScoresByItsTokens(int least, bool ofAll)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        // Attention stays dense, so that block 0 sees what the dense model sees.
        LinearLayer[] layers = [.. _model.BlockLinears(0).Where(layer => layer.Name.Contains("experts", StringComparison.Ordinal))];
        (Dictionary<string, Mask> masks, int starved) = Prune(new("wanda", NmPattern.TwoOfFour) { MinExpertTokens = least }, layers);
        Assert.Equal(ofAll ? 4 : 0, starved);

        Tensor ids = tensor([.. Sequences.SelectMany(row => row).Select(id => (long)id)]).view(4, 24);
        Tensor embedded = _model.Embed(ids);
        Routing routing = _model.Route(0, embedded);
        Tensor input = _model.LayerInput(0, 2, embedded).view(-1, 32);
        for (int expert = 0; expert < 4; expert++)
        {
            long first = routing.Counts[..expert].Sum();
            Tensor own = ofAll ? input : input.index_select(0, routing.Tokens.narrow(0, first, routing.Counts[expert]));
            LinearLayer layer = layers.First(each => each.Name == $"model.layers.0.block_sparse_moe.experts.{expert}.w1.weight");
            Mask expected = LargestOfGroup.Keep(layer.Name, layer.Weight.abs() * own.square().sum([0]).sqrt(), NmPattern.TwoOfFour);
            Assert.Equal(expected.Packed.ToArray(), masks[layer.Name].Packed.ToArray());
        }
    }

    /// <summary>Weights that are solved for bring every block closer to the dense one's output than the mask alone.</summary>
    [Fact]
    public void Exact_OfExperts_LowersTheLossOfTheMaskAlone()
    {
        using IDisposable noGradient = no_grad();
        double Error(PruneMethod method)
        {
            using DisposeScope scope = NewDisposeScope();
            List<WeightLoan> loans = [];
            Tensor ids = tensor([.. Sequences.SelectMany(row => row).Select(id => (long)id)]).view(4, 24), dense = _model.Forward(ids);
            Dictionary<string, Tensor> weights = [];
            Run(method, _model.Linears, layer => weights.Add(layer.Layer.Name, layer.Weight.clone().DetachFromDisposeScope()));
            foreach (LinearLayer layer in _model.Linears) loans.Add(layer.Lend(weights[layer.Name], isOwned: true));
            double error = (_model.Forward(ids) - dense).square().sum().item<float>();
            loans.ForEach(loan => loan.Dispose());
            return error;
        }
        double masked = Error(new("wanda", NmPattern.TwoOfFour)), solved = Error(new("wanda", NmPattern.TwoOfFour, WeightUpdate.Exact));
        Assert.True(solved < masked, $"{solved} and {masked}");
    }

    private (Dictionary<string, Mask> Masks, int Starved) Prune(PruneMethod method, IReadOnlyList<LinearLayer> layers)
    {
        Dictionary<string, Mask> masks = [];
        BlockwisePruner pruner = Run(method, layers, layer => masks.Add(layer.Layer.Name, layer.Mask));
        return (masks, pruner.StarvedOf(0));
    }

    private BlockwisePruner Run(PruneMethod method, IReadOnlyList<LinearLayer> layers, Action<PrunedLayer> pruned)
    {
        using HiddenStates hidden = HiddenStates.Embed(_model, Sequences, null, 0, default);
        using HiddenStates? dense = method.Solves ? HiddenStates.Embed(_model, Sequences, null, 0, default) : null;
        BlockwisePruner pruner = new(_model, method, layers);
        pruner.Run(0, hidden, dense, (_, block) =>
        {
            foreach (PrunedLayer layer in block) pruned(layer);
        }, TestContext.Current.CancellationToken);
        return pruner;
    }
}
