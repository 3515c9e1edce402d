using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Tests.Machine;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>Damping, where a second moment has no factor; and whole models as a prior.</summary>
[Collection(TorchTests.Name)]
public sealed class SparseGptTests
{
    /// <summary>
    /// The moments 1 and 1.05 have a factor at a damping of 0.1, not at 0.01. There U_00^2 = 1.1 / (1.1^2 - 1.05^2) and U_11^2 = 1 /
    /// 1.1: of 1 : 2
    /// the first stays where it is more than 1.1 / sqrt(1.1^2 - 1.05^2) = 3.355 times the second.
    /// </summary>
    [Theory]
    [InlineData(1, 3.34f, 0)]
    [InlineData(1, 3.37f, 1)]
    [InlineData(4, 3.34f, 0)]
    [InlineData(4, 3.37f, 1)]
    public void Prune_MomentsWithoutAFactor_AreDampedTenTimesAsMuch(float size, float first, int kept)
    {
        using DisposeScope scope = NewDisposeScope();
        (Mask mask, Tensor pruned) = SparseGpt.Prune("w", tensor(new[] { first, 1f }).view(1, 2), Moments(size, 1.05f * size),
            new NmPattern(1, 2), updateWeights: false);
        Assert.Equal(kept == 1, mask[0, 0]);
        Assert.Equal(kept == 1 ? [first, 0f] : [0f, 1f], pruned.data<float>().ToArray());
    }

    /// <summary>At ten times the mean and no further.</summary>
    [Fact]
    public void Prune_MomentsFarFromAFactor_AreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = tensor(new[] { 2f, 1f }).view(1, 2);
        SparseGpt.Prune("w", weight, Moments(1, 10.9f), new NmPattern(1, 2), updateWeights: false);
        Assert.StartsWith(
            "w: its inputs have no usable second moments",
            Assert.Throws<InvalidDataException>(() => SparseGpt.Prune(
                "w", weight, Moments(1, 11.1f), new NmPattern(1, 2), updateWeights: false)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>A prior leaves the weights alone: later groups and blocks are decided by the model's own.</summary>
    [Theory]
    [InlineData("sparsegpt")]
    [InlineData("wanda")]
    [InlineData("magnitude")]
    public void OneShot_Method_IsThatOfThePrunerWithoutUpdates(string method)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        int[][] sequences = [.. Enumerable.Range(0, 6).Select(row =>
            Enumerable.Range(0, 16).Select(i => (row * 31 + i * i * 7) % 128).ToArray())];
        ToldProgress told = new();

        OrderedDictionary<string, Mask> masks = OneShot.Prune(
            model, new PruneMethod(method, NmPattern.TwoOfFour), model.Linears, sequences, told, cancellation);

        Assert.Equal(model.Linears.Select(layer => layer.Name), masks.Keys);
        if (method == "magnitude")
        {
            Assert.All(model.Linears, layer => Assert.Equal(Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour).Packed.ToArray(),
                masks[layer.Name].Packed.ToArray()));
            return;
        }
        Assert.Equal(Enumerable.Range(0, 3).Select(block => new Progress($"prior by {method}", block, 2, $"block {block}/2")), told.All);
        Assert.All(Pruned(false), pair => Assert.Equal(pair.Value, masks[pair.Key].Packed.ToArray()));
        if (method == "sparsegpt") Assert.Contains(Pruned(true), pair => !pair.Value.SequenceEqual(masks[pair.Key].Packed.ToArray()));

        Dictionary<string, byte[]> Pruned(bool update)
        {
            Dictionary<string, byte[]> found = [];
            using IDisposable noGradient = no_grad();
            using HiddenStates hidden = HiddenStates.Embed(model, sequences, null, 0, cancellation);
            PruneMethod how = new(method, NmPattern.TwoOfFour, update ? WeightUpdate.Own : WeightUpdate.None);
            new BlockwisePruner(model, how, model.Linears).Run(
                0, hidden, null, (_, layers) =>
                {
                    foreach (PrunedLayer layer in layers) found.Add(
                    layer.Layer.Name, layer.Mask.Packed.ToArray());
                }, cancellation);
            return found;
        }
    }

    /// <summary>Of each layer the sums of squares of its inputs, against those that the model itself shows.</summary>
    [Fact]
    public void InputSquares_Sequences_AreSummedAndTold()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        int[][] sequences = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 9]];
        ToldProgress told = new();
        using InputSquares squares = InputSquares.Of(model, sequences, told, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 3).Select(done => new Progress("squares of the layers' inputs", done, 3)), told.All);
        Assert.Equal(model.Linears.Select(layer => layer.Name).Order(), squares.ByName.Keys.Order());
        Assert.All(model.Linears, layer => Assert.Null(layer.Observe));
        Dictionary<string, Tensor> expected = [];
        using IDisposable noGradient = no_grad();
        foreach (LinearLayer layer in model.Linears)
            layer.Observe = (input, _) =>
            {
                Tensor flat = input.reshape(-1, input.size(-1));
                Tensor sum = flat.square().sum([0]);
                expected[layer.Name] = (expected.TryGetValue(layer.Name, out Tensor? before) ? before + sum : sum).DetachFromDisposeScope();
            };
        foreach (int[] sequence in sequences) model.Hidden(TokenBatch.Of(sequence, 1, CPU));
        Assert.All(model.Linears, layer =>
            Assert.True((squares.ByName[layer.Name] - expected[layer.Name]).abs().max().item<float>() < 1e-3f));
        foreach (Tensor sum in expected.Values) sum.Dispose();
    }

    private static Tensor Moments(float diagonal, float other) => tensor(new[] { diagonal, other, other, diagonal }).view(2, 2);
}
