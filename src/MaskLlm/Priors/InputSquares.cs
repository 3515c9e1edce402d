using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Sum of squares of each input of the linear layers of a dense model, (I) float32 a layer, over calibration tokens.</summary>
internal sealed class InputSquares : IDisposable
{
    private readonly Dictionary<string, LayerInputs> _inputs;

    private InputSquares(Dictionary<string, LayerInputs> inputs) => _inputs = inputs;

    /// <summary>By the name of the layer's weight; they live as long as this.</summary>
    internal IReadOnlyDictionary<string, Tensor> ByName => _inputs.ToDictionary(pair => pair.Key, pair => pair.Value.SquaredNorms(), StringComparer.Ordinal);

    /// <summary>Runs the model.</summary>
    /// <param name="model">With its dense weights.</param>
    /// <param name="sequences">Token ids.</param>
    /// <param name="cancellation">Stops between sequences.</param>
    internal static InputSquares Of(Decoder model, IReadOnlyList<int[]> sequences, CancellationToken cancellation)
    {
        using IDisposable noGradient = no_grad();
        InputSquares squares = new(model.Linears.ToDictionary(layer => layer.Name, layer => new LayerInputs(layer.Columns, products: false, model.Device), StringComparer.Ordinal));
        try
        {
            foreach (LinearLayer layer in model.Linears) layer.Observe = squares._inputs[layer.Name].Add;
            foreach (int[] sequence in sequences)
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                model.Hidden(TokenBatch.Of(sequence, 1, model.Device));
            }
            return squares;
        }
        catch
        {
            squares.Dispose();
            throw;
        }
        finally
        {
            foreach (LinearLayer layer in model.Linears) layer.Observe = null;
        }
    }

    public void Dispose()
    {
        foreach (LayerInputs inputs in _inputs.Values) inputs.Dispose();
    }
}
