using MaskLlm.MaskKernels;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Training;

/// <summary>AdamW's moments of one parameter, which belongs to another.</summary>
internal sealed unsafe class AdamWMoments : IDisposable
{
    private readonly MomentType _type;
    private readonly long _rows;

    /// <param name="parameter">Any shape, float32.</param>
    /// <param name="type">Of the moments; 8 bits are the CPU's.</param>
    /// <param name="rows">Rows that have scales of their own.</param>
    internal AdamWMoments(Tensor parameter, MomentType type = MomentType.Float32, long rows = 1)
    {
        _type = type;
        _rows = rows;
        ScalarType each = type switch
        {
            MomentType.Float32 => ScalarType.Float32,
            MomentType.BFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Byte,
        };
        First = zeros_like(parameter, each).DetachFromDisposeScope();
        Second = zeros_like(parameter, each).DetachFromDisposeScope();
        if (type != MomentType.Int8) return;
        long blocks = MaskTile.CountOf(parameter.NumberOfElements / rows);
        FirstScales = zeros(rows, blocks).DetachFromDisposeScope();
        SecondScales = zeros(rows, blocks).DetachFromDisposeScope();
    }

    /// <summary>m, of the parameter's shape.</summary>
    internal Tensor First { get; }

    /// <summary>v, of the parameter's shape.</summary>
    internal Tensor Second { get; }

    /// <summary>Scale of each 256 of m of a row, (R, ceil(I / 256)) float32; null unless the moments have 8 bits.</summary>
    internal Tensor? FirstScales { get; }

    /// <summary>The same of v.</summary>
    internal Tensor? SecondScales { get; }

    /// <summary>Everything that a checkpoint must hold.</summary>
    /// <param name="prefix">Of the names.</param>
    internal IEnumerable<(string Name, Tensor Value)> State(string prefix)
    {
        yield return (prefix + "m", First);
        yield return (prefix + "v", Second);
        if (FirstScales is not null) yield return (prefix + "m_scales", FirstScales);
        if (SecondScales is not null) yield return (prefix + "v_scales", SecondScales);
    }

    /// <summary>The memory of parameter and moments, on the CPU.</summary>
    internal AdamWState Open(Tensor parameter) => new()
    {
        Count = checked((int)(parameter.NumberOfElements / Math.Max(1, _rows))),
        Values = (float*)TensorBytes.Address(parameter),
        First = TensorBytes.Address(First),
        Second = TensorBytes.Address(Second),
        FirstScales = FirstScales is null ? null : (float*)TensorBytes.Address(FirstScales),
        SecondScales = SecondScales is null ? null : (float*)TensorBytes.Address(SecondScales),
        Moments = _type,
    };

    /// <summary>One update of the parameter in place.</summary>
    /// <param name="parameter">That of the moments.</param>
    /// <param name="gradient">Same shape, float32 or bfloat16.</param>
    /// <param name="rates">Of this step.</param>
    /// <param name="clip">Factor on the gradient.</param>
    /// <param name="mask">Same shape, float32: factors of the gradient too; null for none.</param>
    /// <param name="seed">Of the rounding of moments.</param>
    /// <param name="layer">The parameter's place among those of the seed.</param>
    /// <param name="first">Of a part of a parameter: its first value's place, a multiple of a tile's.</param>
    internal void Update(Tensor parameter, Tensor gradient, AdamWRates rates, double clip = 1, Tensor? mask = null, ulong seed = 0,
        int layer = 0, int first = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        if (parameter.device_type != DeviceType.CPU)
        {
            UpdatePlain(parameter, (mask is null ? gradient.to(ScalarType.Float32) : gradient * mask).Times(clip), rates);
            return;
        }
        Tensor whole = gradient.contiguous();
        MaskSample rounding = new(seed, checked((uint)rates.Step), (uint)layer, Kappa: 1, Tau: 1, Reward: 0, Hard: false,
            FirstGroup: first);
        new WeightPass(MaskKernelSet.Choose(), get_num_threads()).Update(Open(parameter), TensorBytes.Address(whole),
            whole.dtype == ScalarType.BFloat16, mask is null ? null : (float*)TensorBytes.Address(mask), rounding, rates.Fused(clip));
    }

    /// <summary>The same by tensor operations, for moments of 16 bits or more.</summary>
    /// <param name="parameter">That of the moments.</param>
    /// <param name="gradient">Same shape, float32; already clipped.</param>
    /// <param name="rates">Of this step.</param>
    internal void UpdatePlain(Tensor parameter, Tensor gradient, AdamWRates rates)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor first, Tensor second) = (First.to(parameter.dtype), Second.to(parameter.dtype));
        AdamW.Update(parameter, first, second, gradient, rates);
        if (_type == MomentType.Float32) return;
        First.copy_(first);
        Second.copy_(second);
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
        FirstScales?.Dispose();
        SecondScales?.Dispose();
    }
}
