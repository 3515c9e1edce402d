namespace MaskLlm.Architectures;

/// <summary>
/// A new order of a decoder's channels: each list has the old channel at each new place. What the decoder computes stays as it is, up to
/// rounding: norms, functions between matrices and attention treat all channels alike but those of queries and keys, which rotation
/// tells apart, and which no matrix reads.
/// </summary>
/// <param name="config">The decoder.</param>
internal sealed class ChannelOrders(DecoderConfig config)
{
    /// <summary>Of the residual sum, one for the whole model.</summary>
    internal int[] Residual { get; set; } = Same(config.HiddenSize);

    /// <summary>Of the own channels of the MLP that every token goes through, by block.</summary>
    internal int[][] Mlp { get; } =
        [.. Enumerable.Range(0, config.BlockCount).Select(block => Same(config.ExpertsOf(block)?.SharedWidth ?? config.IntermediateSize))];

    /// <summary>Of the channels of each expert, by block; none in a block without experts.</summary>
    internal int[][][] Experts { get; } =
        [.. Enumerable.Range(0, config.BlockCount).Select(block => config.ExpertsOf(block) is { } experts
            ? Enumerable.Range(0, experts.Count).Select(_ => Same(experts.Width)).ToArray() : [])];

    /// <summary>Of the dimensions of a value head, by block and key-value head; all query heads that it serves share it.</summary>
    internal int[][][] Value { get; } =
        [.. Enumerable.Range(0, config.BlockCount)
            .Select(_ => Enumerable.Range(0, config.KeyValueHeadCount).Select(_ => Same(config.ValueSize)).ToArray())];

    /// <summary>Of what queries are made of, by block; of no size where they are made of the residual sum.</summary>
    internal int[][] QueryLatent { get; } =
        [.. Enumerable.Range(0, config.BlockCount).Select(_ => Same(config.Latent?.QueryRank ?? 0))];

    /// <summary>Of what keys and values are made of, the same.</summary>
    internal int[][] KeyValueLatent { get; } =
        [.. Enumerable.Range(0, config.BlockCount).Select(_ => Same(config.Latent?.KeyValueRank ?? 0))];

    /// <summary>The order of the inputs of a block's matrix.</summary>
    internal int[] InputsOf(int block, LinearSlice slice) => slice.Reads switch
    {
        Channels.Residual => Residual,
        Channels.Mlp => MlpOf(block, slice),
        Channels.QueryLatent => QueryLatent[block],
        Channels.KeyValueLatent => KeyValueLatent[block],
        _ => Heads(block, config.HeadCount),
    };

    /// <summary>What becomes of each of the checkpoint's tensors, by name; those that are not there stay.</summary>
    internal IReadOnlyDictionary<string, TensorOrder> ByTensor()
    {
        Dictionary<string, TensorOrder> orders = new(StringComparer.Ordinal)
        {
            [config.EmbeddingName] = new(null, Residual),
            // Beside a tied embedding too, where the file has it.
            [config.HeadName] = new(null, Residual),
        };
        if (config.PositionsName is { } positions) orders[positions] = new(null, Residual);
        if (config.EmbeddingNorm is { } embeddingNorm) AddNorm(orders, embeddingNorm, Residual);
        AddNorm(orders, config.FinalNorm, Residual);
        for (int block = 0; block < config.BlockCount; block++) AddBlock(orders, block, BlockPlan.Of(config, block));
        return orders;
    }

    private static int[] Same(int size) => [.. Enumerable.Range(0, size)];

    private void AddBlock(Dictionary<string, TensorOrder> orders, int block, BlockPlan plan)
    {
        foreach (IGrouping<LinearTensor, LinearSlice> slices in plan.Slices.GroupBy(slice => slice.Tensor))
        {
            LinearTensor tensor = slices.Key;
            int[] rows = Same(tensor.Rows);
            foreach (LinearSlice slice in slices)
                if (OutputsOf(block, slice) is { } order)
                    for (int row = 0; row < slice.Rows; row++) rows[slice.TensorRow(row)] = slice.TensorRow(order[row]);
            int[] Columns(int part) =>
                InputsOf(block, tensor.Parts == 1 ? slices.First() : slices.First(slice => slice.Expert == part));
            if (tensor.Parts > 1)
            {
                int size = tensor.Rows / tensor.Parts;
                int[][] own = [.. Enumerable.Range(0, tensor.Parts)
                    .Select(part => rows.AsSpan(part * size, size).ToArray().Select(row => row - part * size).ToArray())];
                orders[tensor.Name] = TensorOrder.Join([.. own.Select((ofPart, part) => Stored(new(ofPart, Columns(part)), tensor))]);
                if (tensor.Bias is { } biases) orders[biases] = new(null, null) { PartColumns = own };
                continue;
            }
            orders[tensor.Name] = Stored(new(rows, Columns(0)), tensor);
            if (tensor.Bias is { } bias) orders[bias] = new(null, rows);
        }
        if (plan.Experts is { } experts)
            foreach (string name in new[] { experts.Router, experts.SharedGate }.OfType<string>()) orders[name] = new(null, Residual);
        foreach (NormTensors? norm in new[] { plan.InputNorm, plan.AttentionNorm, plan.MlpNorm, plan.OutputNorm })
            if (norm is not null) AddNorm(orders, norm, Residual);
        if (plan.Latent is not { } latent) return;
        if (latent.QueryNorm is { } queryNorm) AddNorm(orders, queryNorm, QueryLatent[block]);
        AddNorm(orders, latent.KeyValueNorm, KeyValueLatent[block]);
    }

    private int[] MlpOf(int block, LinearSlice slice) => slice.Expert is { } expert ? Experts[block][expert] : Mlp[block];

    private static TensorOrder Stored(TensorOrder order, LinearTensor tensor) => tensor.IsTransposed ? order.Transposed : order;

    private static void AddNorm(Dictionary<string, TensorOrder> orders, NormTensors norm, int[] order)
    {
        orders[norm.Weight] = new(null, order);
        if (norm.Bias is { } bias) orders[bias] = new(null, order);
    }

    // Null where they stay.
    private int[]? OutputsOf(int block, LinearSlice slice) => slice.Writes switch
    {
        Channels.Residual => Residual,
        Channels.Mlp => MlpOf(block, slice),
        Channels.Value => Heads(block, config.KeyValueHeadCount),
        Channels.QueryLatent => QueryLatent[block],
        Channels.KeyValueLatent => KeyValueLatent[block],
        _ => null,
    };

    // Of so many heads one after another, each by its key-value head's order.
    private int[] Heads(int block, int heads)
    {
        int sharing = heads / config.KeyValueHeadCount, size = config.ValueSize;
        return [.. Enumerable.Range(0, heads * size).Select(i => i / size * size + Value[block][i / size / sharing][i % size])];
    }
}
