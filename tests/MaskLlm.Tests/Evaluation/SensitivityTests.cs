using MaskLlm.Evaluation;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Evaluation;

[Collection(TorchTests.Name)]
public sealed class SensitivityTests
{
    [Theory]
    [InlineData("models/llama-gqa-tied")]
    [InlineData("models/qwen3")]
    public void Measure_EveryPart_MasksItAloneAndLeavesTheModelDense(string fixture)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Checkpoint.Load(Fixture.PathOf(fixture));
        int[] ids = [.. Enumerable.Range(0, 64).Select(i => i * i * 7 % 100)];
        Dictionary<string, Mask> masks = model.Linears.ToDictionary(layer => layer.Name, layer =>
            Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
        PerplexityResult Measure(string what) => Perplexity.Evaluate(model, ids, 16, cancellation: TestContext.Current.CancellationToken);
        double dense = Measure("dense").Perplexity;
        List<ModelPart> parts = [.. ModelPart.Blocks(masks.Keys), .. ModelPart.Kinds(masks.Keys)];

        IReadOnlyList<SensitivityRow> rows = Sensitivity.Measure(model, masks, parts, dense, Measure);

        Assert.Equal(model.Config.BlockCount + 7, rows.Count);
        Assert.Equal(dense, Measure("dense again").Perplexity);
        foreach ((ModelPart part, SensitivityRow row) in parts.Zip(rows))
        {
            Assert.Equal(part.Layers, model.Linears.Select(layer => layer.Name)
                .Where(name => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(part.Skip, name, ignoreCase: false)));
            using MaskedWeights masked = MaskedWeights.Apply(model, masks.Where(pair => part.Layers.Contains(pair.Key)).ToDictionary());
            Assert.Equal(Measure(part.Name).Perplexity, row.Perplexity);
            Assert.Equal(Math.Log(row.Perplexity / dense), row.Increase, 1e-9);
        }
    }
}
