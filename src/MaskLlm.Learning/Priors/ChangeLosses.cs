using MaskLlm.Machine;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// What the model loses by a change D of one layer's weights, to second order: D^T F D / 2 in nats a token, with F the second moment of
/// the gradient of a token's loss (the empirical Fisher information), taken a sequence at a time.
/// </summary>
internal static class ChangeLosses
{
    /// <summary>Runs the model forward and backward.</summary>
    /// <param name="model">With its dense weights.</param>
    /// <param name="changes">(O, I) by the name of the weight.</param>
    /// <param name="sequences">Token ids, two or more a sequence.</param>
    /// <param name="progress">Told of every sequence.</param>
    /// <param name="cancellation">Stops between sequences.</param>
    /// <returns>A loss for each change.</returns>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    internal static Dictionary<string, double> Of(Decoder model, IReadOnlyDictionary<string, Tensor> changes,
        IReadOnlyList<int[]> sequences, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        Dictionary<string, double> losses = changes.Keys.ToDictionary(name => name, _ => 0.0, StringComparer.Ordinal);
        using IDisposable gradients = enable_grad();
        for (int i = 0; i < sequences.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            (Tensor inputs, Tensor targets) = TokenBatch.Split(sequences[i], 1, model.Device);
            // Gradients of a sequence's tokens do not correlate, so the square of their sum is the sum of their squares on average.
            double factor = targets.NumberOfElements / 2.0 / sequences.Count;
            BackwardPass.Run(model, inputs, targets, scale: 1, checkpointActivations: true,
                block => new Watch(model.BlockLinears(block), changes, (name, slope) => losses[name] += factor * slope * slope));
            progress?.Report(new Progress("choosing what stays dense", i + 1, sequences.Count));
        }
        return losses;
    }

    // A block's weights as leaves for one run of it; their gradients along the changes are told at its end.
    private sealed class Watch : IDisposable
    {
        private readonly List<WeightLoan> _loans;
        private readonly IReadOnlyDictionary<string, Tensor> _changes;
        private readonly Action<string, double> _told;

        internal Watch(IReadOnlyList<LinearLayer> layers, IReadOnlyDictionary<string, Tensor> changes, Action<string, double> told)
        {
            (_changes, _told) = (changes, told);
            _loans = [.. layers.Where(layer => changes.ContainsKey(layer.Name))
                .Select(layer => layer.Lend(layer.Weight.detach().requires_grad_(true), isOwned: true))];
        }

        public void Dispose()
        {
            using IDisposable noGradient = no_grad();
            foreach (WeightLoan loan in _loans)
            {
                using DisposeScope scope = NewDisposeScope();
                if (loan.Weight.grad is { } gradient)
                {
                    Tensor products = gradient.to(ScalarType.Float32) * _changes[loan.Layer.Name];
                    _told(loan.Layer.Name, products.sum(ScalarType.Float64).item<double>());
                }
                loan.Dispose();
            }
        }
    }
}
