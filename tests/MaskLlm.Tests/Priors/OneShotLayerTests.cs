using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>One layer against the original programs' masks and weights.</summary>
[Collection(TorchTests.Name)]
public sealed class OneShotLayerTests
{
    public static MatrixTheoryData<string, string> Cases() =>
        new(["wanda", "ria", "sparsegpt", "sparsegpt_no_update"], ["2:4", "1:4", "3:4", "4:8"]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Prune_RecordedLayer_GivesTheRecordedMask(string method, string pattern)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = TensorFile.Read(Fixture.PathOf("method/oneshot-layer.safetensors"));
        NmPattern parsed = NmPattern.Parse(pattern);
        string key = pattern.Replace(":", "of", StringComparison.Ordinal);
        Tensor weight = golden["weight"];
        using LayerInputs inputs = new(160, InputDetail.Products, CPU), squares = new(160, InputDetail.Squares, CPU);
        foreach (LayerInputs each in new[] { inputs, squares })
            foreach (Tensor part in golden["x"].split(3)) each.Add(part);

        Tensor? updated = null;
        Mask mask;
        if (method == "wanda") mask = LargestOfGroup.Keep("w", ActivationScores.Wanda(weight, squares.SquaredNorms()), parsed);
        else if (method == "ria") mask = LargestOfGroup.Keep("w", ActivationScores.Ria("w", weight, squares.SquaredNorms()), parsed);
        else (mask, updated) = SparseGpt.Prune("w", weight, inputs.Hessian(), parsed, updateWeights: method == "sparsegpt");

        MaskAgreement agreement = MaskAgreement.Between(MaskTensors.FromTensor(golden[$"{method}.{key}.mask"]), mask, parsed.GroupSize);
        Assert.True(agreement.EqualGroups >= 0.999 * agreement.Groups, $"{agreement.EqualGroups} of {agreement.Groups} groups");
        Assert.Equal(0, mask.ViolationCount(parsed));
        if (method == "sparsegpt")
            Assert.InRange(TensorFile.MaxDifference(golden[$"sparsegpt.{key}.weight"], updated!), 0,
                1e-4 * golden[$"sparsegpt.{key}.weight"].abs().max().item<float>());
    }

    [Fact]
    public void Ria_RowsAndColumnsOfZeros_StillGiveAMask()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = arange(1, 33).to(ScalarType.Float32).view(4, 8);
        weight[1].zero_();
        weight.select(1, 2).zero_();
        Assert.Equal(0, LargestOfGroup.Keep("w", ActivationScores.Ria("w", weight, ones(8)), NmPattern.TwoOfFour)
            .ViolationCount(NmPattern.TwoOfFour));
    }

    [Fact]
    public void LayerInputs_RecordedInputs_GiveTheRecordedMoments()
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = TensorFile.Read(Fixture.PathOf("method/oneshot-layer.safetensors"));
        using LayerInputs inputs = new(160, InputDetail.Products, CPU);
        foreach (Tensor part in golden["x"].split(3)) inputs.Add(part);

        Assert.InRange(TensorFile.MaxDifference(golden["hessian"], inputs.Hessian()), 0,
            1e-4 * golden["hessian"].abs().max().item<float>());
    }

    /// <summary>Of each row the scores over the root of their mean square; a row of zeros has none.</summary>
    [Fact]
    public void OfRow_RowsOfAnySize_HaveAMeanSquareOfOne()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = tensor(new[] { 3f, -4f, 0f, 1f, 1f, -2f, 0f, 0f, 0f }).view(3, 3), squares = tensor(new[] { 1f, 1f, 4f });
        float[] scores = ActivationScores.OfRow("layer", weight, squares).data<float>().ToArray();
        double first = Math.Sqrt((9 + 16) / 3.0), second = Math.Sqrt((1 + 1 + 16) / 3.0);
        double[] expected = [3 / first, 4 / first, 0, 1 / second, 1 / second, 4 / second, 0, 0, 0];
        for (int i = 0; i < 9; i++) Assert.Equal(expected[i], scores[i], 1e-5);
    }
}
