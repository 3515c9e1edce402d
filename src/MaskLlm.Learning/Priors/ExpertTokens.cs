using MaskLlm.Architectures;
using MaskLlm.Distributed;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Which tokens of the calibration go through which experts of a block, batch by batch.</summary>
internal sealed class ExpertTokens : IDisposable
{
    private readonly List<Dictionary<int, Tensor>> _batches = [];

    /// <summary>A sentence where a least number of tokens is asked for and the model has no experts; else null.</summary>
    internal static string? Warning(DecoderConfig config, int least) =>
        config.Experts is not null || least == PruneRequest.UsualExpertTokens ? null
            : "the model has no experts, and of no effect is `MinExpertTokens`.";

    /// <summary>Asks the router.</summary>
    /// <param name="model">Its attention is pruned already.</param>
    /// <param name="block">That has experts.</param>
    /// <param name="hidden">What goes into the block.</param>
    /// <param name="least">Experts with fewer tokens are run on all.</param>
    /// <param name="ranks">Whose tokens count together. All of them call it.</param>
    /// <param name="cancellation">Stops between batches.</param>
    internal static ExpertTokens Of(Decoder model, int block, HiddenStates hidden, int least, Ranks ranks, CancellationToken cancellation)
    {
        ExpertTokens tokens = new();
        double[] counts = new double[model.Blocks[block].Experts!.Mlps.Count];
        for (int batch = 0; batch < hidden.Count; batch++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (hidden.IsEmpty(batch))
            {
                tokens._batches.Add([]);
                continue;
            }
            using DisposeScope scope = NewDisposeScope();
            Routing routing = model.Route(block, hidden.Read(batch, model.Device));
            Dictionary<int, Tensor> own = [];
            long first = 0;
            foreach ((int expert, int count) in routing.Counts.Index())
            {
                counts[expert] += count;
                if (count > 0) own.Add(expert, routing.Tokens.narrow(0, first, count).clone().DetachFromDisposeScope());
                first += count;
            }
            tokens._batches.Add(own);
        }
        tokens.Starved = ranks.Sum(counts).Index().Where(expert => expert.Item < least).Select(expert => expert.Index).ToHashSet();
        return tokens;
    }

    /// <summary>Experts that are run on all tokens.</summary>
    internal IReadOnlySet<int> Starved { get; private set; } = new HashSet<int>();

    /// <summary>The tokens of a batch by expert; null for all.</summary>
    /// <param name="batch">Its number.</param>
    /// <param name="experts">That are asked for.</param>
    internal IReadOnlyDictionary<int, Tensor?> Of(int batch, IEnumerable<int> experts)
    {
        Dictionary<int, Tensor?> tokens = [];
        foreach (int expert in experts)
            if (Starved.Contains(expert)) tokens.Add(expert, null);
            else if (_batches[batch].TryGetValue(expert, out Tensor? own)) tokens.Add(expert, own);
        return tokens;
    }

    public void Dispose()
    {
        foreach (Tensor tokens in _batches.SelectMany(batch => batch.Values)) tokens.Dispose();
    }
}
