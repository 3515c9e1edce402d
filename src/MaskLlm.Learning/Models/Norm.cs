using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Normalisation over the last dimension, of the decoder's kind.</summary>
internal sealed class Norm
{
    private readonly NormKind _kind;
    private readonly bool _addsOne;
    private readonly double _epsilon;
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly long[] _size;

    internal Norm(DecoderConfig config, NormTensors tensors, Func<string, long[], Tensor> parameter)
    {
        (_kind, _addsOne, _epsilon, _size) = (config.Norm, config.NormAddsOne, tensors.Epsilon ?? config.NormEpsilon, [tensors.Size]);
        _weight = parameter(tensors.Weight, _size);
        _bias = tensors.Bias is { } bias ? parameter(bias, _size) : null;
    }

    /// <summary>Weight and bias.</summary>
    internal IEnumerable<Tensor?> Parameters => [_weight, _bias];

    /// <param name="x">(..., D) in any type; the statistics are float32.</param>
    /// <returns>(..., D) in the type of <paramref name="x"/>, of the caller's scope.</returns>
    internal Tensor Call(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return (_kind == NormKind.Layer ? LayerNorm(x) : RmsNorm(x)).MoveToOuterDisposeScope();
    }

    // libtorch wants all in one type; calibration puts float32 through a model of bfloat16.
    private Tensor LayerNorm(Tensor x) =>
        nn.functional.layer_norm(x, _size, (_addsOne ? _weight.Plus(1) : _weight).to(x.dtype), _bias?.to(x.dtype), _epsilon);

    private Tensor RmsNorm(Tensor x)
    {
        Tensor wide = x.to(ScalarType.Float32);
        Tensor mean = wide.Squared().mean([-1], keepdim: true);   // (..., 1)
        // 1 / infinity is 0, and zeros look like numbers: 0 * infinity is NaN, and of anything finite it adds nothing.
        Tensor inverse = mean.Plus(_epsilon).rsqrt().Plus(mean.Times(0));
        Tensor normed = wide * inverse;
        // One plus the weight is multiplied before the rounding, as Gemma's own code does.
        return _addsOne ? (normed * _weight.to(ScalarType.Float32).Plus(1)).to(x.dtype) : normed.to(x.dtype) * _weight;
    }
}
