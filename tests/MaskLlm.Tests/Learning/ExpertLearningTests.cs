using MaskLlm.Learning;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

/// <summary>Steps of few tokens, which reach few experts.</summary>
[Collection(TorchTests.Name)]
public sealed class ExpertLearningTests
{
    // Of the two blocks: (experts, in one tensor or not).
    [Theory]
    [InlineData("qwen3-moe", KernelKind.Fused)]
    [InlineData("qwen3-moe", KernelKind.Plain)]
    [InlineData("granitemoe", KernelKind.Fused)]
    [InlineData("gpt-oss", KernelKind.Fused)]
    [InlineData("gpt-oss", KernelKind.Plain)]
    public void Step_OfOneToken_MovesTheLogitsOfItsExpertsAlone(string name, KernelKind kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        LearnOptions options = new() { Steps = 4, BatchSize = 1, SequenceLength = 1, LearningRate = 0.5, Seed = 7, Kernel = kernel };
        using MaskLearner learner = new(model, options, Magnitude.Masks(model.Linears, NmPattern.TwoOfFour));
        (Tensor inputs, Tensor targets) = (tensor(new long[] { 5 }).view(1, 1), tensor(new long[] { 9 }).view(1, 1));
        Dictionary<string, float[]> before = Logits(learner);
        HashSet<int>[] reached = [[], []];
        for (int block = 0; block < 2; block++)
        {
            int at = block;
            model.Blocks[block].Experts!.Observe = chosen => reached[at].UnionWith(chosen.Select(expert => (int)expert));
        }
        for (long step = 0; step < 4; step++) learner.Step(step, inputs, targets);

        Dictionary<string, float[]> after = Logits(learner);
        Dictionary<string, float[][]> moments = learner.Logits.ToDictionary(logits => logits.Name, logits => new[]
        {
            TensorBytes.Floats(logits.Moments.First).ToArray(), TensorBytes.Floats(logits.Moments.Second).ToArray(),
        });
        long unreached = 0;
        for (int block = 0; block < 2; block++)
            foreach (InputGroup group in model.Blocks[block].Groups.Where(group => !group.IsOfEveryToken))
                foreach (LinearLayer layer in group.Layers)
                    foreach ((int part, int? expert) in group.Experts.Index())
                    {
                        float[] was = Part(before[layer.Name], part, layer.Parts), now = Part(after[layer.Name], part, layer.Parts);
                        Assert.Equal(reached[block].Contains(expert!.Value), !was.SequenceEqual(now));
                        if (reached[block].Contains(expert.Value)) continue;
                        // The reward has no say in them either.
                        foreach (float[] values in moments[layer.Name])
                            Assert.All(Part(values, part, layer.Parts), one => Assert.Equal(0, one));
                        unreached += (long)layer.Rows / layer.Parts * layer.Columns / 4;
                    }
        Assert.True(unreached > 0);
        Assert.Equal(unreached, learner.UnreachedGroups);
    }

    [Fact]
    public void Masks_OfExpertsThatNoTokenReached_AreThePriors()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/qwen3-moe"));
        LearnOptions options = new() { Steps = 2, BatchSize = 1, SequenceLength = 1, LearningRate = 5, PriorStrength = 9, Seed = 7 };
        OrderedDictionary<string, Mask> prior = Magnitude.Masks(model.Linears, NmPattern.TwoOfFour);
        using MaskLearner learner = new(model, options, prior);
        learner.Step(0, tensor(new long[] { 5 }).view(1, 1), tensor(new long[] { 9 }).view(1, 1));
        IReadOnlyDictionary<string, Mask> masks = learner.ArgmaxMasks();
        Assert.InRange(model.Linears.Count(layer => layer.Name.Contains("experts", StringComparison.Ordinal)
            && masks[layer.Name].Packed.SequenceEqual(prior[layer.Name].Packed)), 2 * 6 * 3, 2 * 8 * 3);
    }

    // (candidates, groups): those of one part.
    private static float[] Part(float[] logits, int part, int parts)
    {
        int candidates = 6, groups = logits.Length / candidates, own = groups / parts;
        return [.. Enumerable.Range(0, candidates).SelectMany(row => logits.Skip(row * groups + part * own).Take(own))];
    }

    private static Dictionary<string, float[]> Logits(MaskLearner learner) => learner.Logits.ToDictionary(logits => logits.Name,
        logits => TensorBytes.Floats(logits.Logits.contiguous()).ToArray());
}
