using MaskLlm.Distributed;
using MaskLlm.Machine;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Sum of squares of each input of the linear layers of a dense model over calibration tokens.</summary>
public sealed class InputSquares : IDisposable
{
    private readonly List<Tensor> _all = [];
    private readonly Dictionary<string, Tensor> _byName = new(StringComparer.Ordinal);

    private InputSquares()
    {
    }

    /// <summary>(I) float32 by the name of the layer's weight, of several matrices (parts, I), alive as long as this; layers that one input
    /// goes into share a tensor. Of an expert those of the tokens that reach it.</summary>
    public IReadOnlyDictionary<string, Tensor> ByName => _byName;

    /// <summary>Runs the model.</summary>
    /// <param name="model">With its dense weights.</param>
    /// <param name="sequences">Token ids.</param>
    /// <param name="progress">Told of every sequence.</param>
    /// <param name="cancellation">Stops between sequences.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static InputSquares Of(Decoder model, IReadOnlyList<int[]> sequences, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default) => Of(model, sequences, Ranks.Alone, progress, cancellation);

    /// <summary>The same with the sequences split over ranks; all of them call it, and have the sums of all.</summary>
    internal static InputSquares Of(Decoder model, IReadOnlyList<int[]> all, Ranks ranks, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        InputSquares squares = new();
        int[][] sequences = [.. all.Skip(ranks.FirstOf(all.Count)).Take(ranks.CountOf(all.Count))];
        try
        {
            foreach (IReadOnlyList<LinearLayer> sharing in model.Blocks.SelectMany(block => block.LinearsByInput))
                squares.Watch(sharing, model.Device);
            BlockPass.Run(model, sequences.Length, i => (TokenBatch.Of(sequences[i], 1, model.Device), null), (_, _) => { },
                share => progress?.Report(
                    new Progress("squares of the layers' inputs", (long)(share * sequences.Length), sequences.Length)), cancellation);
            foreach (Tensor sums in squares._all) RankTensors.SumInPlace(ranks, sums);
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

    /// <summary>Frees the sums.</summary>
    public void Dispose()
    {
        foreach (Tensor squares in _byName.Values) squares.Dispose();
        _all.ForEach(all => all.Dispose());
    }

    private void Watch(IReadOnlyList<LinearLayer> sharing, Device device)
    {
        LinearLayer first = sharing[0];
        Tensor all = zeros(first.Parts, first.Columns, device: device).DetachFromDisposeScope();
        first.Observe = (x, part) =>
        {
            using DisposeScope scope = NewDisposeScope();
            all[part].PlusInPlace(x.reshape(-1, x.size(-1)).to(ScalarType.Float32).Squared().sum([0]));
        };
        Tensor squares = first.Parts == 1 ? all.view(-1).DetachFromDisposeScope() : all.alias().DetachFromDisposeScope();
        _all.Add(all);
        foreach (LinearLayer layer in sharing) _byName.Add(layer.Name, squares);
    }
}
