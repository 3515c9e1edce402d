namespace MaskLlm.Architectures;

/// <summary>What one block is made of, by the checkpoint's names; how its parts are computed is in <see cref="DecoderConfig"/>.</summary>
internal sealed record BlockPlan
{
    /// <summary>What the names of its tensors begin with.</summary>
    internal required string Prefix { get; init; }

    internal required LinearSlice Query { get; init; }

    internal required LinearSlice Key { get; init; }

    internal required LinearSlice Value { get; init; }

    internal required LinearSlice AttentionOutput { get; init; }

    /// <summary>Null in an MLP without a gate.</summary>
    internal required LinearSlice? Gate { get; init; }

    internal required LinearSlice Up { get; init; }

    internal required LinearSlice Down { get; init; }

    /// <summary>Of what attention reads; null where it reads the residual sum itself.</summary>
    internal required NormTensors? InputNorm { get; init; }

    /// <summary>Of what attention gives.</summary>
    internal required NormTensors? AttentionNorm { get; init; }

    /// <summary>Of what the MLP reads.</summary>
    internal required NormTensors? MlpNorm { get; init; }

    /// <summary>Of what the MLP gives.</summary>
    internal required NormTensors? OutputNorm { get; init; }

    internal required NormTensors? QueryNorm { get; init; }

    internal required NormTensors? KeyNorm { get; init; }

    /// <summary>Every matrix, in the order of the forward pass.</summary>
    internal IReadOnlyList<LinearSlice> Slices =>
        [.. new[] { Query, Key, Value, AttentionOutput, Gate, Up, Down }.OfType<LinearSlice>()];

    /// <summary>Every linear weight, in the order of the forward pass, those together that one input goes into.</summary>
    internal IReadOnlyList<IReadOnlyList<LinearTensor>> TensorsByInput =>
        [Tensors(Query, Key, Value), Tensors(AttentionOutput), Tensors(Gate, Up), Tensors(Down)];

    internal IEnumerable<LinearTensor> Tensors() => TensorsByInput.SelectMany(sharing => sharing);

    /// <summary>Each once.</summary>
    internal IEnumerable<NormTensors> Norms() =>
        new[] { InputNorm, AttentionNorm, MlpNorm, OutputNorm, QueryNorm, KeyNorm }.OfType<NormTensors>().Distinct();

    /// <summary>The plan of one block.</summary>
    /// <param name="config">The decoder.</param>
    /// <param name="index">From 0.</param>
    internal static BlockPlan Of(DecoderConfig config, int index)
    {
        TensorNames names = config.Names;
        string prefix = $"{names.Blocks}{index}.";
        int queries = config.HeadCount * config.HeadSize, keys = config.KeyValueHeadCount * config.HeadSize;
        LinearTensor Tensor(string name, int rows, int columns, bool hasBias) =>
            new($"{prefix}{name}.weight", rows, columns, names.IsTransposed, hasBias ? $"{prefix}{name}.bias" : null);
        LinearSlice Whole(LinearRole role, string name, int rows, int columns, bool hasBias) =>
            LinearSlice.Whole(role, Tensor(name, rows, columns, hasBias));
        NormTensors? Norm(string? name, int size) => name is null ? null : NormOf(config, prefix + name, size);
        LinearSlice query, key, value, up;
        LinearSlice? gate;
        if (names.FusedQueryKeyValue is { } fused)
        {
            LinearTensor all = Tensor(fused, queries + 2 * keys, config.HiddenSize, config.QueryKeyValueBias);
            // The rows that lie together: those of one key-value head, or all.
            int parts = names.IsFusedByHead ? config.KeyValueHeadCount : 1, run = queries / parts, other = keys / parts;
            int stride = names.IsFusedByHead ? run + 2 * other : 0;
            query = new(LinearRole.Query, all, queries, 0, run, stride);
            key = new(LinearRole.Key, all, keys, run, other, stride);
            value = new(LinearRole.Value, all, keys, run + other, other, stride);
        }
        else
        {
            query = Whole(LinearRole.Query, names.Query, queries, config.HiddenSize, config.QueryKeyValueBias);
            key = Whole(LinearRole.Key, names.Key, keys, config.HiddenSize, config.QueryKeyValueBias);
            value = Whole(LinearRole.Value, names.Value, keys, config.HiddenSize, config.QueryKeyValueBias);
        }
        int width = config.IntermediateSize;
        if (names.FusedGateUp is { } both)
        {
            LinearTensor all = Tensor(both, 2 * width, config.HiddenSize, config.MlpBias);
            (gate, up) = (new(LinearRole.Gate, all, width, 0, width, 0), new(LinearRole.Up, all, width, width, width, 0));
        }
        else
        {
            gate = names.Gate is { } name ? Whole(LinearRole.Gate, name, width, config.HiddenSize, config.MlpBias) : null;
            up = Whole(LinearRole.Up, names.Up, width, config.HiddenSize, config.MlpBias);
        }
        (int querySize, int keySize) = config.QueryKeyNorm == QueryKeyNorm.Whole ? (queries, keys) : (config.HeadSize, config.HeadSize);
        bool hasQueryKeyNorm = config.QueryKeyNorm != QueryKeyNorm.None;
        return new BlockPlan
        {
            Prefix = prefix,
            Query = query,
            Key = key,
            Value = value,
            AttentionOutput = Whole(LinearRole.AttentionOutput, names.AttentionOutput, config.HiddenSize, queries,
                config.AttentionOutputBias),
            Gate = gate,
            Up = up,
            Down = Whole(LinearRole.Down, names.Down, config.HiddenSize, width, config.MlpBias),
            InputNorm = Norm(names.InputNorm, config.HiddenSize),
            AttentionNorm = Norm(names.AttentionNorm, config.HiddenSize),
            MlpNorm = Norm(names.MlpNorm, config.HiddenSize),
            OutputNorm = Norm(names.OutputNorm, config.HiddenSize),
            QueryNorm = hasQueryKeyNorm ? NormOf(config, prefix + names.QueryNorm, querySize) : null,
            KeyNorm = hasQueryKeyNorm ? NormOf(config, prefix + names.KeyNorm, keySize) : null,
        };
    }

    /// <summary>A norm of the decoder's kind.</summary>
    internal static NormTensors NormOf(DecoderConfig config, string name, int size) =>
        new($"{name}.weight", config.Norm == NormKind.Layer && config.NormBias ? $"{name}.bias" : null, size);

    private static IReadOnlyList<LinearTensor> Tensors(params LinearSlice?[] slices) =>
        [.. slices.OfType<LinearSlice>().Select(slice => slice.Tensor).Distinct()];
}
