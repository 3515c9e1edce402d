using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One MLP: that of a block, or an expert.</summary>
internal sealed class MlpLayers
{
    private readonly Activation _activation;
    private readonly LinearSlices _inputs;
    private readonly bool _isGated;
    private readonly ExpertsConfig? _limited;

    /// <param name="config">The decoder.</param>
    /// <param name="plan">Its matrices.</param>
    /// <param name="layers">Of the block, by name.</param>
    internal MlpLayers(DecoderConfig config, MlpPlan plan, IReadOnlyDictionary<string, LinearLayer> layers)
    {
        (_activation, _isGated, Down) = (config.Activation, plan.Gate is not null, layers[plan.Down.Tensor.Name]);
        _limited = plan.Down.Expert is null || config.Experts?.Limit is null ? null : config.Experts;
        Part = Down.Parts == 1 ? 0 : plan.Down.Expert!.Value;
        LinearLayer[] inputs = [.. new[] { plan.Gate, plan.Up }.OfType<LinearSlice>()
            .Select(slice => layers[slice.Tensor.Name]).Distinct()];
        _inputs = new LinearSlices(inputs, Part, plan.Gate, plan.Up);
    }

    /// <summary>The layers of gate and up, each once.</summary>
    internal IReadOnlyList<LinearLayer> Inputs => _inputs.Layers;

    /// <summary>The layer of the last matrix.</summary>
    internal LinearLayer Down { get; }

    /// <summary>Which of the matrices that lie one after another in its layers.</summary>
    internal int Part { get; }

    /// <param name="x">(..., D).</param>
    /// <returns>(..., D), of the caller's scope.</returns>
    internal Tensor Call(Tensor x) => Call(x, layer => layer.Weight);

    /// <summary>The same of layers of several matrices.</summary>
    /// <param name="x">(..., D).</param>
    /// <param name="matrix">The one of a layer.</param>
    internal Tensor Call(Tensor x, Func<LinearLayer, Tensor> matrix)
    {
        using DisposeScope scope = NewDisposeScope();
        return Down.Call(Expanded(x, matrix), matrix(Down), Part).MoveToOuterDisposeScope();
    }

    /// <summary>What the last matrix multiplies.</summary>
    /// <param name="x">(..., D).</param>
    /// <returns>(..., F), of the caller's scope.</returns>
    internal Tensor Expanded(Tensor x) => Expanded(x, layer => layer.Weight);

    private Tensor Expanded(Tensor x, Func<LinearLayer, Tensor> matrix)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] inputs = _inputs.Call(x, matrix);                                      // each (..., F)
        if (_limited is { Limit: { } limit, Slope: var slope })
            return Activations.Limited(inputs[0], inputs[1], limit, slope).MoveToOuterDisposeScope();
        Tensor expanded = Activations.Call(_activation, inputs[0]);
        if (_isGated) expanded *= inputs[1];
        return expanded.MoveToOuterDisposeScope();
    }
}
