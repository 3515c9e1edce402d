using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>Kept weights and masks that are solved for, against figures of other programs on the recorded layer.</summary>
[Collection(TorchTests.Name)]
public sealed class LayerProblemTests
{
    private static readonly string[] Patterns = ["2of4", "1of4", "3of4", "4of8"];

    public static MatrixTheoryData<string, string> Masks() =>
        new(["magnitude", "wanda", "ria", "sparsegpt", "sparsegpt_no_update"], Patterns);

    [Theory]
    [MemberData(nameof(Masks))]
    public void Exact_RecordedMask_GivesTheRecordedWeights(string method, string pattern)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = TensorFile.Read(Fixture.PathOf("method/oneshot-layer.safetensors"));
        Dictionary<string, Tensor> solutions = TensorFile.Read(Fixture.PathOf("method/least-squares.safetensors"));
        Tensor weight = golden["weight"], mask = golden[$"{method}.{pattern}.mask"].to(ScalarType.Float32);
        using LayerInputs moments = Moments(golden["x"]);
        using LayerProblem problem = new("w", weight, moments);

        Tensor solved = problem.Exact(mask, weight);

        Tensor wanted = solutions[$"{method}.{pattern}.damping0.01.weight"];
        Assert.InRange(TensorFile.MaxDifference(wanted, solved), 0, 1e-3 * wanted.abs().max().item<float>());
        double recorded = (double)Joint(pattern)[method]!["exact"]!;
        Assert.InRange(RelativeError(golden["x"], solved, weight), recorded * 0.999, recorded * 1.001);
        Assert.InRange(RelativeError(golden["x"], weight * mask, weight), (double)Joint(pattern)[method]!["mask"]! * 0.999,
            (double)Joint(pattern)[method]!["mask"]! * 1.001);
    }

    [Theory]
    [InlineData("2of4")]
    [InlineData("1of4")]
    [InlineData("3of4")]
    [InlineData("4of8")]
    public void Together_RecordedLayer_IsAsGoodAsRecorded(string pattern)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> golden = TensorFile.Read(Fixture.PathOf("method/oneshot-layer.safetensors"));
        NmPattern parsed = NmPattern.Parse(pattern.Replace("of", ":", StringComparison.Ordinal));
        using LayerInputs moments = Moments(golden["x"]);
        using LayerProblem problem = new("w", golden["weight"], moments);

        foreach (int steps in new[] { 20, 60, 300 })
        {
            (Mask mask, Tensor solved) = problem.Together(parsed, steps, TestContext.Current.CancellationToken);
            Assert.Equal(0, mask.ViolationCount(parsed));
            Assert.Equal(0, (solved * MaskTensors.ToTensor(mask, CPU).logical_not()).abs().sum().item<float>());
            double recorded = (double)Joint(pattern)[$"joint, {steps} iterations"]!;
            Assert.InRange(RelativeError(golden["x"], solved, golden["weight"]), recorded * 0.9, recorded * 1.03);
        }
    }

    /// <summary>The error by moments is that of the outputs themselves, of the dense model's and the pruned one's inputs.</summary>
    [Fact]
    public void Error_ByMoments_IsThatOfTheOutputs()
    {
        using DisposeScope scope = NewDisposeScope();
        random.manual_seed(3);
        Tensor x = randn(2, 9, 6), y = x + 0.1 * randn(2, 9, 6), weight = randn(5, 6), solved = randn(5, 6);
        using LayerInputs moments = new(6, InputDetail.Cross, CPU);
        moments.Add(x, y);
        Tensor output = x.matmul(weight.t());
        double wanted = (y.matmul(solved.t()) - output).pow(2).sum().item<float>() - output.pow(2).sum().item<float>();
        Assert.Equal(wanted, moments.Error(solved, weight), 1e-3);
    }

    /// <summary>A layer that nothing reaches keeps its largest weights; inputs that are no numbers are refused by name.</summary>
    [Fact]
    public void Together_InputsOfZeros_KeepsTheLargestAsTheyAre()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = tensor(new[] { 3f, -1, 2, 0.5f }).view(1, 4);
        using LayerInputs moments = new(4, InputDetail.Cross, CPU);
        using LayerProblem problem = new("w", weight, moments);
        (_, Tensor solved) = problem.Together(NmPattern.TwoOfFour, 20, TestContext.Current.CancellationToken);
        Assert.Equal([3f, 0, 2, 0], solved.data<float>().ToArray(), (wanted, found) => Math.Abs(wanted - found) < 1e-5);
        moments.Add(full(1, 1, 4, float.NaN), ones(1, 1, 4));
        Assert.StartsWith("layer.w", Assert.Throws<InvalidDataException>(() => new LayerProblem("layer.w", weight, moments)).Message,
            StringComparison.Ordinal);
    }

    private static LayerInputs Moments(Tensor x)
    {
        LayerInputs moments = new(160, InputDetail.Cross, CPU);
        foreach (Tensor part in x.split(3)) moments.Add(part, part);
        return moments;
    }

    private static double RelativeError(Tensor x, Tensor solved, Tensor weight)
    {
        Tensor inputs = x.to(ScalarType.Float64).reshape(-1, 160), dense = weight.to(ScalarType.Float64);
        Tensor error = (solved.to(ScalarType.Float64) - dense).matmul(inputs.t());
        return error.pow(2).sum().item<double>() / dense.matmul(inputs.t()).pow(2).sum().item<double>();
    }

    private static JsonNode Joint(string pattern) =>
        JsonNode.Parse(File.ReadAllText(Fixture.PathOf("method/joint.json")))![pattern]!;
}
