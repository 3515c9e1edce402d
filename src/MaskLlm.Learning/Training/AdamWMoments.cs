using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Training;

/// <summary>AdamW's moments of one parameter, which belongs to another.</summary>
internal sealed class AdamWMoments : IDisposable
{
    /// <param name="parameter">Any shape, float32.</param>
    internal AdamWMoments(Tensor parameter) =>
        (First, Second) = (zeros_like(parameter).DetachFromDisposeScope(), zeros_like(parameter).DetachFromDisposeScope());

    /// <summary>m, of the parameter's shape.</summary>
    internal Tensor First { get; }

    /// <summary>v, of the parameter's shape.</summary>
    internal Tensor Second { get; }

    /// <summary>One update of the parameter in place.</summary>
    /// <param name="parameter">That of the moments.</param>
    /// <param name="gradient">Same shape; already clipped.</param>
    /// <param name="rates">Of this step.</param>
    internal void Update(Tensor parameter, Tensor gradient, AdamWRates rates) => AdamW.Update(parameter, First, Second, gradient, rates);

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}
