using MaskLlm.Distributed;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;

namespace MaskLlm.Priors;

/// <summary>One-shot masks of a model that is loaded already, for learning to start from; weights are not updated, nothing is
/// written.</summary>
internal static class OneShot
{
    /// <summary>Prunes.</summary>
    /// <param name="model">Dense before and after.</param>
    /// <param name="method">How.</param>
    /// <param name="layers">The layers to prune.</param>
    /// <param name="sequences">Token ids, all of one length; not looked at by magnitude.</param>
    /// <param name="progress">Told of every block.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="solved">Told of every layer where weights are solved for; the layer holds its solved weight then.</param>
    /// <param name="ranks">Those that the sequences are split over; null for none. All of them call it.</param>
    /// <returns>The masks by the checkpoint's name, in the order of the layers.</returns>
    /// <exception cref="InsufficientMemoryException">A block's statistics do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    internal static OrderedDictionary<string, Mask> Prune(
        Decoder model, PruneMethod method, IReadOnlyList<LinearLayer> layers, IReadOnlyList<int[]> sequences,
            IProgress<Progress>? progress, CancellationToken cancellation, Action<LinearLayer>? solved = null, Ranks? ranks = null)
    {
        if (method.Name == PruneRun.MagnitudeMethod) return Magnitude.Masks(layers, method.Pattern);
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        Run(model, method, layers, sequences, "`Prior`",
            "lower `SequenceLength`, or name a mask that prune made", $"prior by {method.Name}",
            pruned =>
            {
                masks.Add(pruned.Layer.Name, pruned.Mask);
                if (method.Solves) solved?.Invoke(pruned.Layer);
            }, progress, cancellation, ranks);
        return masks;
    }

    /// <summary>Prunes in memory.</summary>
    /// <param name="model">Dense before and after.</param>
    /// <param name="method">How.</param>
    /// <param name="layers">The layers to prune.</param>
    /// <param name="sequences">Token ids, all of one length.</param>
    /// <param name="option">The property that asked for it, in backticks.</param>
    /// <param name="advice">What the user may do where memory is short.</param>
    /// <param name="phase">What progress is told of.</param>
    /// <param name="pruned">Told of every layer, in their order.</param>
    /// <param name="progress">Told of every block.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="ranks">Those that the sequences are split over; null for none. All of them call it.</param>
    internal static void Run(
        Decoder model, PruneMethod method, IReadOnlyList<LinearLayer> layers, IReadOnlyList<int[]> sequences, string option, string advice,
            string phase, Action<PrunedLayer> pruned, IProgress<Progress>? progress, CancellationToken cancellation, Ranks? ranks = null)
    {
        BlockwisePruner.RequireMemory(model, method, sequences, HiddenStates.BytesOf(model.Config.HiddenSize, sequences), option, advice);
        using HiddenStates hidden = HiddenStates.Embed(model, sequences, null, 0, cancellation, ranks: ranks);
        using HiddenStates? dense = method.Solves ? HiddenStates.Embed(model, sequences, null, 0, cancellation, ranks: ranks) : null;
        new BlockwisePruner(model, method, layers, phase, progress, ranks).Run(0, hidden, dense, (_, block) =>
        {
            foreach (PrunedLayer layer in block) pruned(layer);
        }, cancellation);
    }
}
