using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Layers that one input goes into, and where in their outputs the matrices of a block lie.</summary>
internal sealed class LinearSlices
{
    private readonly IReadOnlyList<LinearLayer> _layers;
    private readonly (int Layer, LinearSlice Slice)[] _slices;

    /// <param name="layers">Each once.</param>
    /// <param name="slices">Of their tensors; those that the block does not have are null.</param>
    internal LinearSlices(IReadOnlyList<LinearLayer> layers, params LinearSlice?[] slices)
    {
        _layers = layers;
        _slices = [.. slices.OfType<LinearSlice>()
            .Select(slice => (layers.ToList().FindIndex(layer => layer.Name == slice.Tensor.Name), slice))];
    }

    /// <param name="x">(..., I).</param>
    /// <returns>One (..., O) for each matrix, of the caller's scope.</returns>
    internal Tensor[] Call(Tensor x)
    {
        Tensor[] outputs = [.. _layers.Select(layer => layer.Call(x))];
        return [.. _slices.Select(slice => Of(outputs[slice.Layer], slice.Slice))];
    }

    private static Tensor Of(Tensor output, LinearSlice slice)
    {
        if (slice.IsWhole) return output;
        if (slice.Run == slice.Rows) return output.narrow(-1, slice.First, slice.Rows);
        // One run of each stretch of rows: (..., stretches, stride).
        long[] outer = output.shape[..^1];
        Tensor stretches = output.reshape([.. outer, slice.Tensor.Rows / slice.Stride, slice.Stride]);
        return stretches.narrow(-1, slice.First, slice.Run).reshape([.. outer, slice.Rows]);
    }
}
