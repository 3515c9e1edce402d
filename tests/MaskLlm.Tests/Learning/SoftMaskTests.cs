using System.Text.Json;
using MaskLlm.Learning;
using MaskLlm.Patterns;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

/// <summary>The twelve steps that the paper's own mask module took, each from its recorded logits and noise.</summary>
[Collection(TorchTests.Name)]
public class SoftMaskTests
{
    [Theory]
    [InlineData("learn-2of4-soft")]
    [InlineData("learn-2of4-hard")]
    [InlineData("learn-2of4-prior")]
    [InlineData("learn-1of4-soft")]
    public void Step_RecordedLogitsAndNoise_GivesTheRecordedMaskLossGradientAndLogits(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> recorded = TensorFile.Read(Fixture.PathOf($"method/{name}.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Fixture.PathOf($"method/{name}.json")));
        bool hard = json.RootElement.GetProperty("hard").GetBoolean();
        using CandidateTensor table =
            new(new NmPattern(json.RootElement.GetProperty("N").GetInt32(), json.RootElement.GetProperty("M").GetInt32()), CPU);
        Tensor weight = recorded["weight"];
        Tensor first = zeros_like(recorded["gate.0"].t().contiguous()), second = zeros_like(first);
        JsonElement[] steps = [.. json.RootElement.GetProperty("steps").EnumerateArray()];
        Assert.Equal(12, steps.Length);

        for (int step = 0; step < steps.Length; step++)
        {
            double Number(string key) => steps[step].GetProperty(key).GetDouble();
            Tensor logits = recorded[$"gate.{step}"].t().contiguous(), noise = recorded[$"noise.{step}"].t().contiguous();
            double kappa = Number("scale"), tau = Number("temperature"), reward = Number("regulariser_weight");
            Assert.Equal(kappa, Schedules.At(new(100, 500), ScheduleKind.Linear, step, steps.Length), 1e-9);
            Assert.Equal(tau, Schedules.At(new(4, 0.05), ScheduleKind.Linear, step, steps.Length), 1e-9);
            Assert.Equal(Number("lr"), CosineSchedule.At(steps[0].GetProperty("lr").GetDouble(), step, steps.Length), 1e-9);
            Assert.Equal(reward, Schedules.WeightReward(steps[0].GetProperty("regulariser_weight").GetDouble(), step, steps.Length), 1e-9);

            Tensor probabilities = SoftMask.Probabilities(logits, noise, kappa, tau);
            // the hard module records that of its one-hot sample
            if (!hard) Assert.Equal(Number("max_probability"), probabilities.amax([0]).mean().item<float>(), 1e-5);
            Tensor mask = SoftMask.Mix(probabilities, table, weight.size(0), weight.size(1), hard);
            AssertNear(recorded[$"mask.{step}"].view(mask.shape), mask);

            Tensor leaf = (weight * mask).detach().requires_grad_();
            Tensor loss = (nn.functional.linear(recorded["x"], leaf) - recorded["y"]).square().mean();
            loss.backward();
            double kept = leaf.detach().square().sum().item<float>();
            Assert.Equal(Number("norm"), kept, Number("norm") * 1e-5);
            Assert.Equal(Number("loss"), loss.item<float>() - reward * kept, Math.Abs(Number("loss")) * 1e-5);

            using IDisposable noGradient = no_grad();
            Tensor gradient = SoftMask.GradientInPlace(probabilities, weight, leaf, leaf.grad!, table, kappa / tau, reward);
            AssertNear(recorded[$"grad.{step}"].t(), gradient);
            double norm = gradient.norm().item<float>();
            Assert.Equal(Number("grad_norm"), norm, Number("grad_norm") * 1e-5);

            // From the recorded gradient: where one is near AdamW's epsilon, the move is its rounding times a thousand.
            Tensor clipped = recorded[$"grad.{step}"].t().contiguous() * Math.Min(1, 1 / (Number("grad_norm") + 1e-6));
            AdamW.Update(logits, first, second, clipped, new AdamWRates(step, Number("lr"), 0.1, 1e-5));
            if (recorded.TryGetValue($"gate.{step + 1}", out Tensor? next)) AssertNear(next.t(), logits);
        }
    }

    [Fact]
    public void Shift_RecordedPrior_GivesTheRecordedFirstLogits()
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> recorded = TensorFile.Read(Fixture.PathOf("method/learn-2of4-prior.safetensors"));
        using CandidateTensor table = new(NmPattern.TwoOfFour, CPU);
        Tensor logits = recorded["gate.before_prior"].t().contiguous();

        Prior.Shift(logits, CandidateTensor.ToGroups(recorded["prior"].to(ScalarType.Float32), table.Pattern), table,
            3 * logits.std().item<float>());

        AssertNear(recorded["gate.0"].t(), logits);
    }

    // Within 1e-5 of the tensor's largest value.
    private static void AssertNear(Tensor expected, Tensor actual) =>
        Assert.InRange(TensorFile.MaxDifference(actual, expected), 0, 1e-5 * expected.abs().max().to(ScalarType.Float64).item<double>());
}
