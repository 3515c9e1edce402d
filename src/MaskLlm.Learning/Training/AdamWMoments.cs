using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Training;

/// <summary>AdamW's moments of one parameter, which belongs to another.</summary>
internal sealed class AdamWMoments : IDisposable
{
    /// <param name="parameter">Any shape, float32.</param>
    /// <param name="type">Of the moments, float32 or bfloat16: a step moves them by a twentieth of the way, which 8 bits of precision
    /// hold.</param>
    internal AdamWMoments(Tensor parameter, ScalarType type = ScalarType.Float32) =>
        (First, Second) = (zeros_like(parameter, type).DetachFromDisposeScope(), zeros_like(parameter, type).DetachFromDisposeScope());

    /// <summary>m, of the parameter's shape.</summary>
    internal Tensor First { get; }

    /// <summary>v, of the parameter's shape.</summary>
    internal Tensor Second { get; }

    /// <summary>One update of the parameter in place.</summary>
    /// <param name="parameter">That of the moments.</param>
    /// <param name="gradient">Same shape; already clipped.</param>
    /// <param name="rates">Of this step.</param>
    internal void Update(Tensor parameter, Tensor gradient, AdamWRates rates)
    {
        if (First.dtype == parameter.dtype)
        {
            AdamW.Update(parameter, First, Second, gradient, rates);
            return;
        }
        using DisposeScope scope = NewDisposeScope();
        (Tensor first, Tensor second) = (First.to(parameter.dtype), Second.to(parameter.dtype));
        AdamW.Update(parameter, first, second, gradient, rates);
        First.copy_(first);
        Second.copy_(second);
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}
