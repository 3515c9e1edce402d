using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Learning;

[Collection(TorchTests.Name)]
public sealed class LearningPartsTests
{
    /// <summary>A step of AdamW from zero moves by the learning rate against the sign of the gradient, where the mask keeps.</summary>
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void TrainedWeight_Update_MovesItsOwnCopyOnly(ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor dense = tensor(new[] { 1f, 2, -3, 4 }).to(type);
        using TrainedWeight weight = new("w", dense);
        Assert.Equal(ScalarType.Float32, weight.Value.dtype);
        Assert.Equal(["w", "w.weight_m", "w.weight_v"], weight.State.Select(one => one.Name));

        weight.Update(tensor(new[] { 0.5f, -2, 1, 8 }), tensor(new[] { 1f, 1, 0, 1 }), 1, new AdamWRates(0, 0.25, 0, 1e-12));

        Near([0.75f, 2.25f, -3, 3.75f], weight.Value);
        Assert.Equal([1f, 2, -3, 4], dense.to(ScalarType.Float32).data<float>());
        // The moments: a tenth of the gradient and a twentieth of its square.
        Tensor[] moments = [.. weight.State.Skip(1).Select(one => one.Value)];
        Near([0.05f, -0.2f, 0, 0.8f], moments[0]);
        Near([0.0125f, 0.2f, 0, 3.2f], moments[1]);
    }

    /// <summary>While the mask moves the gradient goes to all weights, and those that it drops decay; then they are 0 for good.</summary>
    [Fact]
    public void TrainedWeight_MovingMask_MovesAllAndSettles()
    {
        using DisposeScope scope = NewDisposeScope();
        using TrainedWeight weight = new("w", tensor(new[] { 1f, 2, -3, 4 }));
        Tensor[] moments = [.. weight.State.Skip(1).Select(one => one.Value)];

        weight.UpdateAll(tensor(new[] { 0.5f, -2, 1, 0 }), tensor(new[] { 1f, 1, 0, 0 }), 0.5, 0.25, new AdamWRates(0, 0.25, 0, 1e-12));

        // Gradients: 0.25, -1, 0.5 - 0.75, 1.
        Near([0.025f, -0.1f, -0.025f, 0.1f], moments[0]);
        Near([0.75f, 2.25f, -2.75f, 3.75f], weight.Value);
        weight.Settle(tensor(new[] { 1f, 1, 0, 0 }));
        Near([0.75f, 2.25f, 0, 0], weight.Value);
        Near([0.025f, -0.1f, 0, 0], moments[0]);
        Assert.Equal([0f, 0], moments[1].data<float>().ToArray()[2..]);
    }

    /// <summary>Moments in bfloat16 lead where those in float32 do.</summary>
    [Fact]
    public void TrainedWeight_NarrowMoments_StayNearWideOnes()
    {
        using DisposeScope scope = NewDisposeScope();
        random.manual_seed(4);
        Tensor start = randn(64, 64);
        using TrainedWeight wide = new("w", start), narrow = new("w", start, MomentType.BFloat16);
        for (int step = 0; step < 40; step++)
        {
            Tensor gradient = start * 0.3 + randn(64, 64);
            foreach (TrainedWeight weight in new[] { wide, narrow })
                weight.Update(gradient, ones(64, 64), 1, new AdamWRates(step, 1e-2, 0, 1e-8));
        }
        Assert.Equal(ScalarType.BFloat16, narrow.State.Last().Value.dtype);
        float moved = (wide.Value - start).norm().item<float>(), apart = (wide.Value - narrow.Value).norm().item<float>();
        Assert.InRange(apart, 1e-6f, 0.02f * moved);
        narrow.Settle(zeros(64, 64));
        Assert.All(narrow.State, state => Assert.Equal(0, state.Value.to(ScalarType.Float32).abs().sum().item<float>()));
    }

    [Fact]
    public void LinearSchedule_At_WarmsUpAndFallsToZero()
    {
        Assert.Equal(new[] { 0.25, 0.45, 0.6, 0.7, 0.6, 0.1 },
            new long[] { 0, 1, 2, 3, 4, 9 }.Select(step => Math.Round(LinearSchedule.At(1, step, 10, 4), 12)));
        Assert.Equal(1, LinearSchedule.At(1, 0, 10, 0));
    }

    [Fact]
    public void StepTimes_Masks_AreAllButTheModelsOwn() => Assert.Equal(0.4375, new StepTimes(1, 0.25, 0.125, 0.0625, 8).Masks);

    private static void Near(float[] expected, Tensor found) =>
        Assert.All(expected.Zip(found.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
}
