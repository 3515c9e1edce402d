using MaskLlm.Architectures;

namespace MaskLlm.Packing.Gguf;

/// <summary>Which tensors a GGUF file of a model has, read off its plan.</summary>
internal static class GgufParts
{
    /// <summary>All of them, in the order of the forward pass.</summary>
    internal static IEnumerable<GgufPart> Of(DecoderConfig config)
    {
        GgufArchitecture architecture = GgufArchitecture.Of(config);
        yield return Matrix(GgufNames.Embedding, config.EmbeddingName, config.VocabularySize, config.HiddenSize);
        if (config.PositionsName is { } positions)
            yield return Matrix(GgufNames.Positions, positions, config.PositionRows, config.HiddenSize) with { IsExact = true };
        foreach (GgufPart part in OfNorm(config, GgufNames.EmbeddingNorm, config.EmbeddingNorm)) yield return part;
        for (int block = 0; block < config.BlockCount; block++)
            foreach (GgufPart part in OfBlock(architecture, config, BlockPlan.Of(config, block)))
                yield return part with { Name = GgufNames.InBlock(block, part.Name) };
        foreach (GgufPart part in OfNorm(config, GgufNames.FinalNorm, config.FinalNorm)) yield return part;
        if (!config.TieWordEmbeddings || architecture.Head == GgufHead.Own)
        {
            string head = config.TieWordEmbeddings ? config.EmbeddingName : config.HeadName;
            yield return Matrix(GgufNames.Head, head, config.VocabularySize, config.HiddenSize);
        }
        if (config.HeadBiasName is { } bias)
            yield return new GgufPart($"{GgufNames.Head}.bias", null, [GgufRows.Of(bias, config.VocabularySize)]);
    }

    private static IEnumerable<GgufPart> OfBlock(GgufArchitecture architecture, DecoderConfig config, BlockPlan plan)
    {
        List<(string Name, LinearSlice[] Slices)> matrices = [];
        void Add(params LinearSlice?[] slices)
        {
            foreach (LinearSlice slice in slices.OfType<LinearSlice>()) matrices.Add((GgufNames.Of(slice.Role), [slice]));
        }
        if (plan.Latent is { } latent)
        {
            Add(latent.Query);
            matrices.Add((latent.Query is null ? GgufNames.Of(LinearRole.Query) : GgufNames.QueryOfLatent, [plan.Query]));
            matrices.Add((GgufNames.KeyValueLatent, [latent.KeyValue, latent.TurnedKey]));
            // As it is stored: of each head the keys, then the values.
            matrices.Add((GgufNames.KeyValueOfLatent, [LinearSlice.Whole(LinearRole.Key, plan.Key.Tensor)]));
        }
        else if (architecture.FusesQueryKeyValue) matrices.Add((GgufNames.QueryKeyValue, [plan.Query, plan.Key, plan.Value]));
        else Add(plan.Query, plan.Key, plan.Value);
        Add(plan.AttentionOutput);
        if (architecture.FusesGateUp && plan.Mlp is { Gate: { } gate } both)
        {
            matrices.Add((GgufNames.Of(LinearRole.Up), [gate, both.Up]));
            Add(both.Down);
        }
        else
            foreach (LinearSlice slice in plan.Mlp?.Slices ?? [])
                matrices.Add((GgufNames.Of(slice.Role) + (plan.Experts is null ? "" : GgufNames.OfShared), [slice]));
        bool isShared = plan.MlpNorm == plan.InputNorm;
        return
        [
            .. matrices.SelectMany(matrix => OfMatrix(architecture, config, matrix.Name, matrix.Slices)),
            .. OfNorm(config, isShared ? GgufNames.InputNorm : architecture.InputNorm, plan.InputNorm),
            .. OfNorm(config, GgufNames.AttentionNorm, plan.AttentionNorm),
            .. OfNorm(config, architecture.MlpNorm, isShared ? null : plan.MlpNorm),
            .. OfNorm(config, GgufNames.OutputNorm, plan.OutputNorm),
            .. OfNorm(config, GgufNames.QueryNorm, plan.QueryNorm), .. OfNorm(config, GgufNames.KeyNorm, plan.KeyNorm),
            .. OfNorm(config, GgufNames.QueryLatentNorm, plan.Latent?.QueryNorm),
            .. OfNorm(config, GgufNames.KeyValueLatentNorm, plan.Latent?.KeyValueNorm),
            .. OfVector($"{GgufNames.Sinks}.weight", plan.Sinks, config.HeadCount),
            .. plan.Experts is { } experts ? OfExperts(config, experts) : [],
        ];
    }

    // All experts' matrices of a role in one; routers are never made narrower.
    private static IEnumerable<GgufPart> OfExperts(DecoderConfig config, ExpertsPlan plan)
    {
        int count = plan.Config.Count;
        yield return Matrix(GgufNames.Router, plan.Router, count, config.HiddenSize) with { IsExact = true };
        foreach (GgufPart part in OfVector($"{GgufNames.Router}.bias", plan.RouterBias, count)) yield return part;
        foreach (GgufPart part in OfVector($"{GgufNames.Correction}.bias", plan.Correction, count)) yield return part;
        foreach (GgufPart part in OfVector($"{GgufNames.SharedGate}.weight", plan.SharedGate, config.HiddenSize)) yield return part;
        foreach (IGrouping<LinearRole, LinearSlice> role in plan.Mlps.SelectMany(mlp => mlp.Slices).GroupBy(slice => slice.Role))
        {
            string name = GgufNames.Of(role.Key) + GgufNames.OfExperts;
            LinearTensor first = role.First().Tensor;
            yield return new GgufPart($"{name}.weight", first.Columns, [.. role.Select(slice => GgufRows.WeightOf(slice, row => row))])
            {
                Experts = count,
            };
            if (first.Bias is not null)
                yield return new GgufPart($"{name}.bias", null, [.. role.Select(slice => GgufRows.BiasOf(slice, row => row))])
                {
                    Experts = count,
                };
        }
    }

    private static IEnumerable<GgufPart> OfVector(string name, string? tensor, int size) =>
        tensor is null ? [] : [new GgufPart(name, null, [GgufRows.Of(tensor, size)])];

    private static IEnumerable<GgufPart> OfMatrix(GgufArchitecture architecture, DecoderConfig config, string name, LinearSlice[] slices)
    {
        bool isReordered = architecture.TurnsNeighbours && config.Rotary is { TurnsNeighbours: false };
        Func<int, int> Order(LinearSlice slice) => isReordered && slice.Role is LinearRole.Query or LinearRole.Key
            ? row => RotaryRows.Source(row, config.HeadSize) : row => row;
        yield return new GgufPart(
            $"{name}.weight", slices[0].Tensor.Columns, [.. slices.Select(slice => GgufRows.WeightOf(slice, Order(slice)))]);
        if (slices[0].Tensor.Bias is not null)
            yield return new GgufPart($"{name}.bias", null, [.. slices.Select(slice => GgufRows.BiasOf(slice, Order(slice)))]);
    }

    private static IEnumerable<GgufPart> OfNorm(DecoderConfig config, string name, NormTensors? norm)
    {
        if (norm is null) yield break;
        yield return new GgufPart($"{name}.weight", null, [GgufRows.Of(norm.Weight, norm.Size)]) { AddsOne = config.NormAddsOne };
        if (norm.Bias is { } bias) yield return new GgufPart($"{name}.bias", null, [GgufRows.Of(bias, norm.Size)]);
    }

    private static GgufPart Matrix(string name, string tensor, int rows, int columns) =>
        new($"{name}.weight", columns, [GgufRows.Of(tensor, rows)]);
}
