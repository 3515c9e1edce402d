using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Layers of one input, and what calibration keeps of it.</summary>
internal sealed class ObservedLayers : IDisposable
{
    private Tensor? _dense;

    /// <param name="layers">They share their input; the first one tells of it until this is disposed.</param>
    /// <param name="detail">What is kept.</param>
    /// <param name="holdsOut">Whether a part of the calibration is kept by itself, where weights are solved for.</param>
    /// <param name="device">Where the inputs are.</param>
    internal ObservedLayers(IReadOnlyList<LinearLayer> layers, InputDetail detail, bool holdsOut, Device device)
    {
        Layers = layers;
        Inputs = new LayerInputs(layers[0].Columns, detail, device);
        HeldOut = holdsOut && detail == InputDetail.Cross ? new LayerInputs(layers[0].Columns, detail, device) : null;
        layers[0].Observe = Inputs.Add;
    }

    /// <summary>The layers.</summary>
    internal IReadOnlyList<LinearLayer> Layers { get; }

    /// <summary>Of the calibration, less what is held out.</summary>
    internal LayerInputs Inputs { get; }

    /// <summary>Of what is held out.</summary>
    internal LayerInputs? HeldOut { get; }

    /// <summary>The next input is the dense model's.</summary>
    internal void TakeDense() => Layers[0].Observe = x => _dense = x.alias().DetachFromDisposeScope();

    /// <summary>The next input is the pruned model's, at the same tokens.</summary>
    /// <param name="isHeldOut">Whether they are held out.</param>
    internal void TakePruned(bool isHeldOut) => Layers[0].Observe = y =>
    {
        (isHeldOut ? HeldOut! : Inputs).Add(_dense!, y);
        _dense!.Dispose();
        _dense = null;
    };

    public void Dispose()
    {
        Layers[0].Observe = null;
        _dense?.Dispose();
        Inputs.Dispose();
        HeldOut?.Dispose();
    }
}
