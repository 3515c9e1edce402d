using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>
/// Batches of text on their way through a model. Of one that is streamed all of them pass a block before the next is read, so that its
/// weights are read once however many there are.
/// </summary>
internal static class BlockPass
{
    /// <summary>Runs all batches.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batches">How many.</param>
    /// <param name="read">Gives the ids of a batch, (B, T) int64 of the caller's scope, and which tokens see each other; asked for each
    /// block.</param>
    /// <param name="ended">Takes what the head multiplies, (B, T, D), in the order of the batches; it is gone afterwards.</param>
    /// <param name="passed">Told the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Stops between batches.</param>
    internal static void Run(Decoder model, int batches, Func<int, (Tensor Ids, TextBranches? Branches)> read, Action<int, Tensor> ended,
        Action<double>? passed, CancellationToken cancellation)
    {
        using IDisposable noGradient = no_grad();
        int blocks = model.Blocks.Count;
        if (!model.IsStreamed)
        {
            Each(i => ended(i, WithText(i, model.Hidden)), i => (i + 1.0) / batches);
            return;
        }
        using PassedStates states = new(batches);
        using (model.HoldEmbedding()) Each(i => states.Write(i, WithText(i, model.Embed)), _ => 0);
        for (int block = 0; block < blocks; block++)
        {
            int now = block;
            using IDisposable? held = model.Hold(block);
            Each(i => states.Write(i, WithText(i, (_, branches) => model.RunBlock(now, states.Read(i, model.Device), branches))),
                i => (now + (i + 1.0) / batches) / (blocks + 1));
        }
        using IDisposable head = model.Head.Layer.Hold();
        Each(i => ended(i, model.FinalNorm(states.Read(i, model.Device))), i => (blocks + (i + 1.0) / batches) / (blocks + 1));

        void Each(Action<int> run, Func<int, double> share)
        {
            for (int i = 0; i < batches; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                run(i);
                passed?.Invoke(share(i));
            }
        }

        Tensor WithText(int batch, Func<Tensor, TextBranches?, Tensor> run)
        {
            (Tensor ids, TextBranches? branches) = read(batch);
            using (branches) return run(ids, branches);
        }
    }
}
