using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Products;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Rounding;

/// <summary>The CPU runtime's file in int4, rounded so that the layers' outputs on some text change least.</summary>
public static class CalibratedExport
{
    private const string Name = "int4";

    /// <summary>Packs a checkpoint, dense or 2:4.</summary>
    /// <param name="request">What, on which text, where to.</param>
    /// <param name="progress">Told of every block, then of bytes.</param>
    /// <param name="warn">Told, in one sentence, of calibration that repeats or is short.</param>
    /// <param name="cancellation">Stops between batches; nothing is written then.</param>
    /// <exception cref="ArgumentException">A mask that is not 2:4 or does not fit, or data that are too short.</exception>
    /// <exception cref="InvalidDataException">The model, the data or the mask is broken.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights, or the statistics of a block, do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static void Write(CalibratedExportRequest request, IProgress<Progress>? progress = null, Action<string>? warn = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckpointFiles.RequireNone(request.Model, request.Out);
        IReadOnlyDictionary<string, Mask>? masks = request.Mask is { } file
            ? PriorMask.Read(file, request.Model, NmPattern.TwoOfFour, "`Mask`") : null;
        IReadOnlyDictionary<string, RoundedTensor> rounded = Round(request, masks, progress, warn, cancellation);
        RuntimeExport.Write(request.Model, masks, rounded, WeightType.Int4, request.Out, progress, cancellation);
    }

    private static IReadOnlyDictionary<string, RoundedTensor> Round(CalibratedExportRequest request,
        IReadOnlyDictionary<string, Mask>? masks, IProgress<Progress>? progress, Action<string>? warn, CancellationToken cancellation)
    {
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder model = Checkpoint.Load(request.Model, keepBFloat16: true);
        Calibration calibration = CalibrationData.Read(new PruneRequest
        {
            Model = request.Model,
            Out = request.Out,
            Data = request.Data,
            Samples = request.Samples,
            SequenceLength = request.SequenceLength,
            Seed = request.Seed,
        }, model.Config, progress, cancellation);
        if (CalibrationCount.Of(calibration.Sequences).Warning(request.Samples, "fewer `Samples`") is { } repetition)
            warn?.Invoke(repetition);
        IReadOnlyList<LinearLayer> layers = model.Linears;
        Int4Rounding rounding = new(masks ?? OfZeros(layers));
        using MaskedWeights? masked = masks is null ? null : MaskedWeights.Apply(model, masks);
        OneShot.Run(model, new PruneMethod(Name, NmPattern.TwoOfFour) { Rounding = rounding }, layers, calibration.Sequences, "`Type`",
            "lower `Samples` or `SequenceLength`", "rounding", _ => { }, progress, cancellation);
        return rounding.Rounded;
    }

    // What the file stores 2:4 where no masks are given.
    private static Dictionary<string, Mask> OfZeros(IReadOnlyList<LinearLayer> layers)
    {
        Dictionary<string, Mask> masks = new(StringComparer.Ordinal);
        foreach (LinearLayer layer in layers)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor weight = layer.Weight.to(ScalarType.Float32).cpu().contiguous();
            if (TwoOfFourRows.Of(TensorBytes.Floats(weight), layer.Columns) is { } kept)
                masks.Add(layer.Name, MaskTensors.FromTensor(tensor(kept, weight.shape)));
        }
        return masks;
    }
}
