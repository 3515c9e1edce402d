using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>A layer's weight where it is trained: a copy of the model's, and AdamW's moments of it.</summary>
internal sealed class TrainedWeight : IDisposable
{
    internal TrainedWeight(string name, Tensor dense)
    {
        Name = name;
        Value = dense.to(ScalarType.Float32, copy: true).DetachFromDisposeScope();
        (FirstMoment, SecondMoment) = (zeros_like(Value).DetachFromDisposeScope(), zeros_like(Value).DetachFromDisposeScope());
    }

    /// <summary>The checkpoint's name.</summary>
    internal string Name { get; }

    /// <summary>W, (O, I) float32.</summary>
    internal Tensor Value { get; }

    private Tensor FirstMoment { get; }

    private Tensor SecondMoment { get; }

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> State =>
        [(Name, Value), (Name + ".weight_m", FirstMoment), (Name + ".weight_v", SecondMoment)];

    /// <summary>One step of AdamW. Weights that the mask drops get no gradient and stay for as long as no moment of an earlier one moves
    /// them.</summary>
    /// <param name="maskedGradient">dL/d(W * mask), (O, I).</param>
    /// <param name="mask">(O, I) float32; overwritten.</param>
    /// <param name="rates">Of this step.</param>
    internal void Update(Tensor maskedGradient, Tensor mask, AdamWRates rates)
    {
        using DisposeScope scope = NewDisposeScope();
        AdamW.Update(Value, FirstMoment, SecondMoment, mask.mul_(maskedGradient), rates);
    }

    public void Dispose()
    {
        Value.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
