using static TorchSharp.torch;

namespace MaskLlm.Pretraining;

/// <summary>A parameter and AdamW's moments of it; the parameter belongs to the model.</summary>
internal sealed class TrainedParameter : IDisposable
{
    internal TrainedParameter(string name, Tensor value)
    {
        (Name, Value) = (name, value);
        FirstMoment = zeros_like(value).DetachFromDisposeScope();
        SecondMoment = zeros_like(value).DetachFromDisposeScope();
    }

    internal string Name { get; }

    internal Tensor Value { get; }

    internal Tensor FirstMoment { get; }

    internal Tensor SecondMoment { get; }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
