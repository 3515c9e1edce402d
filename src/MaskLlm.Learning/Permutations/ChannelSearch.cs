using MaskLlm.Architectures;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Permutations;

/// <summary>Looks for the order of a model's channels in which N:M keeps most of the scores of the layers that read them.</summary>
/// <param name="model">With its dense weights.</param>
/// <param name="squares">Sum of squares of the inputs of each layer, by its name.</param>
/// <param name="pattern">N:M.</param>
/// <param name="seed">Of all chance.</param>
/// <param name="threads">At least 1; the result does not depend on it.</param>
internal sealed class ChannelSearch(Decoder model, IReadOnlyDictionary<string, Tensor> squares, NmPattern pattern, ulong seed, int threads)
    : IDisposable
{
    private readonly DecoderConfig _config = model.Config;
    private readonly Dictionary<string, LinearLayer> _layers = model.Linears.ToDictionary(layer => layer.Name, StringComparer.Ordinal);
    private string? _scored;
    private Tensor? _scores;

    /// <summary>Why orders stay as they are, a sentence each.</summary>
    /// <param name="config">The decoder.</param>
    /// <param name="pattern">N:M.</param>
    internal static IReadOnlyList<string> Left(DecoderConfig config, NmPattern pattern) =>
        [.. Parts(config, pattern).Where(part => part.Size % pattern.GroupSize != 0).Select(part => FormattableString.Invariant(
            $"the order of {part.What} stays: {part.Key} is {part.Size}, and {pattern} orders multiples of {pattern.GroupSize}."))];

    /// <summary>Whether no order can be another.</summary>
    /// <param name="config">The decoder.</param>
    /// <param name="pattern">N:M.</param>
    internal static bool LeavesAll(DecoderConfig config, NmPattern pattern) =>
        Left(config, pattern).Count == Parts(config, pattern).Count;

    // Kinds of channels that have an order.
    private static List<(int Size, string Key, string What)> Parts(DecoderConfig config, NmPattern pattern)
    {
        List<(int Size, string Key, string What)> parts =
        [
            (config.HiddenSize, "hidden_size", "the residual stream"),
            (config.ValueSize, config.Latent is null ? "head_dim" : "v_head_dim",
                "value heads, whose channels groups share with the next head's,"),
            Mlp(config, pattern),
        ];
        if (config.Latent is not { } latent) return parts;
        if (latent.QueryRank is { } rank) parts.Add((rank, "q_lora_rank", "what queries are made of"));
        parts.Add((latent.KeyValueRank, "kv_lora_rank", "what keys and values are made of"));
        return parts;
    }

    // Of the widths that MLPs and experts have, one that cannot be ordered where there is one.
    private static (int Size, string Key, string What) Mlp(DecoderConfig config, NmPattern pattern)
    {
        List<(int Size, string Key, string What)> widths = [];
        if (Enumerable.Range(0, config.BlockCount).Any(block => config.ExpertsOf(block) is null))
            widths.Add((config.IntermediateSize, "intermediate_size", "the MLP"));
        if (config.Experts is { } experts)
        {
            widths.Add((experts.Width, "moe_intermediate_size", "experts"));
            if (experts.SharedWidth > 0) widths.Add((experts.SharedWidth, "shared_expert_intermediate_size", "the MLP beside experts"));
        }
        return widths.OrderBy(width => width.Size % pattern.GroupSize == 0).First();
    }

    /// <summary>Searches.</summary>
    /// <param name="progress">Told of every round.</param>
    /// <param name="cancellation">Stops between rounds.</param>
    /// <returns>The orders, and what they keep by kind of channel.</returns>
    /// <exception cref="InvalidDataException">Scores are not finite.</exception>
    /// <exception cref="InsufficientMemoryException">They do not fit.</exception>
    internal (ChannelOrders Orders, IReadOnlyList<KeptShare> Kept) Run(IProgress<Progress>? progress, CancellationToken cancellation)
    {
        ChannelOrders orders = new(_config);
        ChannelProblem[] problems = [.. Problems(orders)];
        AvailableMemory.Require(problems.Max(problem => (long)problem.Size * problem.Readers * problem.SampledRows * sizeof(float)),
            "the search for an order of channels", "close other programs, or take a larger machine");
        long total = problems.Sum(Work), done = 0;
        List<(Channels Kind, double Before, double After)> kept = [];
        for (int i = 0; i < problems.Length; i++)
        {
            ChannelProblem problem = problems[i];
            void Tell(int round) => progress?.Report(new Progress("order of channels", done + Work(problem) / GroupSearch.Rounds * round,
                total, Names(problem.Kind)));
            (double before, double after) = Solve(problem, new RandomDraws(seed, (ulong)i), Tell, cancellation);
            kept.Add((problem.Kind, before, after));
            done += Work(problem);
        }
        return (orders, [.. kept.GroupBy(each => each.Kind).Select(kind => new KeptShare(kind.Key, LayersOf(kind.Key),
            kind.Sum(each => each.Before) / LayersOf(kind.Key), kind.Sum(each => each.After) / LayersOf(kind.Key)))]);
    }

    public void Dispose() => _scores?.Dispose();

    /// <summary>A kind of channels for people.</summary>
    internal static string Names(Channels kind) => kind switch
    {
        Channels.Residual => "residual stream",
        Channels.Value => "value heads",
        Channels.QueryLatent => "latents of queries",
        Channels.KeyValueLatent => "latents of keys and values",
        _ => "MLP",
    };

    private static long Work(ChannelProblem problem) => (long)problem.Size * problem.Size * problem.Readers * problem.SampledRows;

    private (double Before, double After) Solve(ChannelProblem problem, RandomDraws draws, Action<int> round,
        CancellationToken cancellation)
    {
        int[] order = new GroupSearch(problem.Sample(draws), pattern, draws, threads).Run(round, cancellation);
        double before = 0, after = 0;
        for (int reader = 0; reader < problem.Readers; reader++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            (double Before, double After) kept = KeptScores.Of(problem.Scores(reader), order, pattern, threads);
            before += kept.Before;
            after += kept.After;
        }
        // The search may have seen some rows only.
        if (after <= before) return (before, before);
        problem.Take(order);
        return (before, after);
    }

    private int LayersOf(Channels kind) => Readers(kind).Count();

    private IEnumerable<LinearTensor> Readers(Channels kind) => Enumerable.Range(0, _config.BlockCount)
        .SelectMany(block => BlockPlan.Of(_config, block).Slices).Where(slice => slice.Reads == kind).Select(slice => slice.Tensor)
        .Distinct();

    private IEnumerable<ChannelProblem> Problems(ChannelOrders orders)
    {
        bool IsOrdered(int size) => size % pattern.GroupSize == 0;
        if (IsOrdered(_config.HiddenSize))
        {
            LinearTensor[] readers = [.. Readers(Channels.Residual)];
            yield return new(Channels.Residual, _config.HiddenSize, readers.Length, readers.Max(reader => reader.Rows),
                reader => ScoresOf(readers[reader]), order => orders.Residual = order);
        }
        foreach (ChannelProblem problem in Latents(Channels.QueryLatent, orders.QueryLatent)) yield return problem;
        foreach (ChannelProblem problem in Latents(Channels.KeyValueLatent, orders.KeyValueLatent)) yield return problem;
        int sharing = _config.HeadCount / _config.KeyValueHeadCount, size = _config.ValueSize;
        foreach ((int block, LinearTensor output) in Readers(Channels.Value).Index())
            for (int head = 0; head < _config.KeyValueHeadCount && IsOrdered(size); head++)
            {
                int own = head;
                yield return new(Channels.Value, size, sharing, output.Rows,
                    reader => ScoresOf(output).narrow(1, (own * sharing + reader) * size, size).contiguous(),
                    order => orders.Value[block][own] = order);
            }
        for (int index = 0; index < _config.BlockCount; index++)
            foreach (LinearSlice down in BlockPlan.Of(_config, index).Slices.Where(slice => slice.Reads == Channels.Mlp))
            {
                if (!IsOrdered(down.Tensor.Columns)) continue;
                int block = index;
                yield return new(Channels.Mlp, down.Tensor.Columns, 1, down.Rows,
                    _ => ScoresOf(down.Tensor).narrow(0, down.First, down.Rows),
                    order =>
                    {
                        if (down.Expert is { } expert) orders.Experts[block][expert] = order;
                        else orders.Mlp[block] = order;
                    });
            }
    }

    // One matrix of each block reads them.
    private IEnumerable<ChannelProblem> Latents(Channels kind, int[][] orders) => Readers(kind).Index()
        .Where(reader => reader.Item.Columns % pattern.GroupSize == 0).Select(reader => new ChannelProblem(
            kind, reader.Item.Columns, 1, reader.Item.Rows, _ => ScoresOf(reader.Item), order => orders[reader.Index] = order));

    // All heads of a projection ask for it in turn.
    private Tensor ScoresOf(LinearTensor tensor)
    {
        if (_scored != tensor.Name)
        {
            _scores?.Dispose();
            _scores = LayerScores.Of(_layers[tensor.Name], squares[tensor.Name]).DetachFromDisposeScope();
            _scored = tensor.Name;
        }
        return _scores!.alias();
    }
}
