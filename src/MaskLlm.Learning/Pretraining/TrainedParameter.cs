using MaskLlm.Training;
using static TorchSharp.torch;

namespace MaskLlm.Pretraining;

/// <summary>A parameter and AdamW's moments of it; the parameter belongs to the model.</summary>
internal sealed class TrainedParameter : IDisposable
{
    internal TrainedParameter(string name, Tensor value) => (Name, Value, Moments) = (name, value, new AdamWMoments(value));

    internal string Name { get; }

    internal Tensor Value { get; }

    internal AdamWMoments Moments { get; }

    public void Dispose() => Moments.Dispose();
}
