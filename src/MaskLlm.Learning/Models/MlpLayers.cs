using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One MLP: that of a block, or an expert.</summary>
internal sealed class MlpLayers
{
    private readonly Activation _activation;
    private readonly LinearSlices _inputs;
    private readonly LinearLayer _down;
    private readonly bool _isGated;

    /// <param name="config">The decoder.</param>
    /// <param name="plan">Its matrices.</param>
    /// <param name="inputs">The layers of gate and up, each once.</param>
    /// <param name="down">The layer of the last.</param>
    internal MlpLayers(DecoderConfig config, MlpPlan plan, IReadOnlyList<LinearLayer> inputs, LinearLayer down)
    {
        (_activation, _isGated, _down) = (config.Activation, plan.Gate is not null, down);
        _inputs = new LinearSlices(inputs, plan.Gate, plan.Up);
    }

    /// <param name="x">(..., D).</param>
    /// <returns>(..., D), of the caller's scope.</returns>
    internal Tensor Call(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        return _down.Call(Expanded(x)).MoveToOuterDisposeScope();
    }

    /// <summary>What the last matrix multiplies.</summary>
    /// <param name="x">(..., D).</param>
    /// <returns>(..., F), of the caller's scope.</returns>
    internal Tensor Expanded(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] inputs = _inputs.Call(x);                                              // each (..., F)
        Tensor expanded = Activations.Call(_activation, inputs[0]);
        if (_isGated) expanded *= inputs[1];
        return expanded.MoveToOuterDisposeScope();
    }
}
