namespace MaskLlm.Architectures;

/// <summary>What one block is made of, by the checkpoint's names; how its parts are computed is in <see cref="DecoderConfig"/>.</summary>
internal sealed record BlockPlan
{
    /// <summary>What the names of its tensors begin with.</summary>
    internal required string Prefix { get; init; }

    /// <summary>What makes latents; null where heads are made of what attention reads.</summary>
    internal required LatentPlan? Latent { get; init; }

    internal required LinearSlice Query { get; init; }

    internal required LinearSlice Key { get; init; }

    internal required LinearSlice Value { get; init; }

    internal required LinearSlice AttentionOutput { get; init; }

    /// <summary>What every token goes through; null where there are experts alone.</summary>
    internal required MlpPlan? Mlp { get; init; }

    /// <summary>What some tokens go through; null in a dense block.</summary>
    internal required ExpertsPlan? Experts { get; init; }

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

    /// <summary>(H): a logit of attention that no token has, or null.</summary>
    internal required string? Sinks { get; init; }

    /// <summary>Every matrix, in the order of the forward pass.</summary>
    internal IReadOnlyList<LinearSlice> Slices =>
        [.. Heads, AttentionOutput, .. Mlps.SelectMany(mlp => mlp.Slices)];

    /// <summary>Every MLP: the one that every token goes through first.</summary>
    internal IEnumerable<MlpPlan> Mlps => new[] { Mlp }.OfType<MlpPlan>().Concat(Experts?.Mlps ?? []);

    /// <summary>Every linear weight, in the order of the forward pass, those together that one input goes into.</summary>
    internal IReadOnlyList<IReadOnlyList<LinearTensor>> TensorsByInput =>
        [
            .. Heads.GroupBy(slice => slice.Reads).Select(sharing => Tensors([.. sharing])), Tensors(AttentionOutput),
            .. Mlps.SelectMany(mlp => new[] { Tensors(mlp.Gate, mlp.Up), Tensors(mlp.Down) }).DistinctBy(tensors => tensors[0]),
        ];

    /// <summary>Where among <see cref="TensorsByInput"/> the output of attention is; the inputs of its heads come before it.</summary>
    internal int OutputGroup => Heads.Select(slice => slice.Reads).Distinct().Count();

    internal IEnumerable<LinearTensor> Tensors() => TensorsByInput.SelectMany(sharing => sharing);

    /// <summary>Each once.</summary>
    internal IEnumerable<NormTensors> Norms() =>
        new[] { InputNorm, AttentionNorm, MlpNorm, OutputNorm, QueryNorm, KeyNorm, Latent?.QueryNorm, Latent?.KeyValueNorm }
            .OfType<NormTensors>().Distinct();

    // What queries, keys and values are made by.
    private IEnumerable<LinearSlice> Heads => [.. Latent?.Slices ?? [], Query, Key, Value];

    /// <summary>The plan of one block.</summary>
    /// <param name="config">The decoder.</param>
    /// <param name="index">From 0.</param>
    internal static BlockPlan Of(DecoderConfig config, int index)
    {
        TensorNames names = config.Names;
        string prefix = $"{names.Blocks}{index}.";
        int queries = config.HeadCount * config.HeadSize, keys = config.KeyValueHeadCount * config.HeadSize;
        int mixed = config.HeadCount * config.ValueSize;
        LinearTensor Tensor(string name, int rows, int columns, bool hasBias) =>
            new($"{prefix}{name}.weight", rows, columns, names.IsTransposed, hasBias ? $"{prefix}{name}.bias" : null);
        LinearSlice Whole(LinearRole role, string name, int rows, int columns, bool hasBias) =>
            LinearSlice.Whole(role, Tensor(name, rows, columns, hasBias));
        NormTensors? Norm(string? name, int size) => name is null ? null : NormOf(config, prefix + name, size);
        LatentPlan? latent = config.Latent is { } sizes
            ? LatentPlan.Of(config, sizes, Tensor, (name, size) => NormOf(config, prefix + name, size)) : null;
        LinearSlice query, key, value;
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
        else if (config.Latent is { } made)
        {
            query = made.QueryRank is { } rank
                ? Whole(LinearRole.Query, names.QueryOfLatent, queries, rank, false) with { Reads = Channels.QueryLatent }
                : Whole(LinearRole.Query, names.Query, queries, config.HiddenSize, false);
            int plain = config.PlainKeySize, stride = plain + made.ValueSize;
            LinearTensor all = Tensor(names.KeyValueOfLatent, config.HeadCount * stride, made.KeyValueRank, false);
            key = new(LinearRole.Key, all, config.HeadCount * plain, 0, plain, stride) { Reads = Channels.KeyValueLatent };
            value = new(LinearRole.Value, all, mixed, plain, made.ValueSize, stride) { Reads = Channels.KeyValueLatent };
        }
        else
        {
            query = Whole(LinearRole.Query, names.Query, queries, config.HiddenSize, config.QueryKeyValueBias);
            key = Whole(LinearRole.Key, names.Key, keys, config.HiddenSize, config.QueryKeyValueBias);
            value = Whole(LinearRole.Value, names.Value, keys, config.HiddenSize, config.QueryKeyValueBias);
        }
        MlpPlan Mlp(string gateName, string upName, string downName, int width, int? expert)
        {
            LinearSlice Own(LinearRole role, string name, int rows, int columns) =>
                Whole(role, name, rows, columns, config.MlpBias) with { Expert = expert };
            return new(names.Gate is null ? null : Own(LinearRole.Gate, gateName, width, config.HiddenSize),
                Own(LinearRole.Up, upName, width, config.HiddenSize), Own(LinearRole.Down, downName, config.HiddenSize, width));
        }
        MlpPlan Fused(string both, int width)
        {
            LinearTensor all = Tensor(both, 2 * width, config.HiddenSize, config.MlpBias);
            return new(new(LinearRole.Gate, all, width, 0, width, 0), new(LinearRole.Up, all, width, width, width, 0),
                Whole(LinearRole.Down, names.Down, config.HiddenSize, width, config.MlpBias));
        }
        MlpPlan InFolder(string folder, int width, int? expert) =>
            Mlp(folder + names.ExpertGate, folder + names.ExpertUp, folder + names.ExpertDown, width, expert);
        ExpertsConfig? experts = config.ExpertsOf(index);
        (int querySize, int keySize) = config.QueryKeyNorm == QueryKeyNorm.Whole ? (queries, keys) : (config.HeadSize, config.HeadSize);
        bool hasQueryKeyNorm = config.QueryKeyNorm != QueryKeyNorm.None;
        return new BlockPlan
        {
            Prefix = prefix,
            Latent = latent,
            Query = query,
            Key = key,
            Value = value,
            AttentionOutput = Whole(LinearRole.AttentionOutput, names.AttentionOutput, config.HiddenSize, mixed,
                config.AttentionOutputBias),
            Mlp = experts is null
                ? names.FusedGateUp is { } both ? Fused(both, config.IntermediateSize)
                    : Mlp(names.Gate ?? "", names.Up, names.Down, config.IntermediateSize, null)
                : experts.SharedWidth > 0 ? InFolder(names.SharedExpert, experts.SharedWidth, null) : null,
            Experts = experts is null ? null : new ExpertsPlan
            {
                Config = experts,
                Router = $"{prefix}{names.Router}.weight",
                RouterBias = experts.RouterBias ? $"{prefix}{names.Router}.bias" : null,
                Correction = experts.HasCorrection ? $"{prefix}{names.Router}.e_score_correction_bias" : null,
                SharedGate = experts.SharedIsGated ? $"{prefix}{names.SharedExpertGate}.weight" : null,
                Mlps = names.FusedExpertsGateUp is { } gateUp ? FusedExperts(config, experts, prefix, gateUp)
                    : [.. Enumerable.Range(0, experts.Count)
                        .Select(expert => InFolder($"{names.Experts}{expert}.", experts.Width, expert))],
            },
            Sinks = names.Sinks is { } sinks ? prefix + sinks : null,
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

    private static IReadOnlyList<MlpPlan> FusedExperts(DecoderConfig config, ExpertsConfig experts, string prefix, string gateUp)
    {
        TensorNames names = config.Names;
        (int count, int width, int hidden) = (experts.Count, experts.Width, config.HiddenSize);
        LinearTensor Tensor(string name, int rows, int columns) =>
            new(prefix + name, count * rows, columns, names.IsExpertsTransposed, experts.Bias ? $"{prefix}{name}_bias" : null)
            {
                Parts = count,
            };
        LinearTensor both = Tensor(gateUp, 2 * width, hidden), down = Tensor(names.FusedExpertsDown, hidden, width);
        LinearSlice Half(LinearRole role, int expert, int half) => names.IsExpertsGateUpAlternating
            ? new(role, both, width, expert * 2 * width + half, 1, 2) { Expert = expert }
            : new(role, both, width, expert * 2 * width + half * width, width, 0) { Expert = expert };
        return [.. Enumerable.Range(0, count).Select(expert => new MlpPlan(Half(LinearRole.Gate, expert, 0), Half(LinearRole.Up, expert, 1),
            new(LinearRole.Down, down, hidden, expert * hidden, hidden, 0) { Expert = expert }))];
    }

    private static IReadOnlyList<LinearTensor> Tensors(params LinearSlice?[] slices) =>
        [.. slices.OfType<LinearSlice>().Select(slice => slice.Tensor).Distinct()];
}
