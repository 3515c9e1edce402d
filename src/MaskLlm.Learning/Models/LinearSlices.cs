using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Layers that one input goes into, and where in their outputs the matrices of a block lie.</summary>
internal sealed class LinearSlices
{
    private readonly int _part;
    private readonly (int Layer, LinearSlice Slice)[] _slices;

    /// <param name="layers">Each once.</param>
    /// <param name="part">Which of the matrices that lie one after another in them.</param>
    /// <param name="slices">Of their tensors; those that the block does not have are null.</param>
    internal LinearSlices(IReadOnlyList<LinearLayer> layers, int part, params LinearSlice?[] slices)
    {
        (Layers, _part) = (layers, part);
        _slices = [.. slices.OfType<LinearSlice>()
            .Select(slice => (layers.ToList().FindIndex(layer => layer.Name == slice.Tensor.Name), slice))];
    }

    /// <summary>The layers, each once.</summary>
    internal IReadOnlyList<LinearLayer> Layers { get; }

    /// <param name="x">(..., I).</param>
    /// <returns>One (..., O) for each matrix, of the caller's scope.</returns>
    internal Tensor[] Call(Tensor x) => Call(x, layer => layer.Weight);

    /// <summary>The same of layers of several matrices.</summary>
    /// <param name="x">(..., I).</param>
    /// <param name="matrix">The one of a layer.</param>
    internal Tensor[] Call(Tensor x, Func<LinearLayer, Tensor> matrix)
    {
        Tensor[] outputs = [.. Layers.Select(layer => layer.Call(x, matrix(layer), _part))];
        return [.. _slices.Select(slice => Of(outputs[slice.Layer], slice.Slice))];
    }

    private static Tensor Of(Tensor output, LinearSlice slice)
    {
        int rows = slice.Tensor.Rows / slice.Tensor.Parts, first = slice.First % rows;
        if (slice.Rows == rows) return output;
        if (slice.Run == slice.Rows) return output.narrow(-1, first, slice.Rows);
        // One run of each stretch of rows: (..., stretches, stride).
        long[] outer = output.shape[..^1];
        Tensor stretches = output.reshape([.. outer, rows / slice.Stride, slice.Stride]);
        return stretches.narrow(-1, first, slice.Run).reshape([.. outer, slice.Rows]);
    }
}
