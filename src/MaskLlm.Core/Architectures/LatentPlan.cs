namespace MaskLlm.Architectures;

/// <summary>The matrices of a block that make the latents which heads are made of, by the checkpoint's names.</summary>
internal sealed record LatentPlan
{
    // transformers leaves the norms of latents at their default, whatever rms_norm_eps is.
    private const double NormEpsilon = 1e-6;

    /// <summary>(queries' rank, D); null where queries are made of what attention reads.</summary>
    internal required LinearSlice? Query { get; init; }

    /// <summary>Of the queries' latents, or null.</summary>
    internal required NormTensors? QueryNorm { get; init; }

    /// <summary>(rank, D).</summary>
    internal required LinearSlice KeyValue { get; init; }

    /// <summary>Of the latents of keys and values.</summary>
    internal required NormTensors KeyValueNorm { get; init; }

    /// <summary>(turned, D): the dimensions of keys that all heads share.</summary>
    internal required LinearSlice TurnedKey { get; init; }

    /// <summary>In the order of the forward pass.</summary>
    internal IEnumerable<LinearSlice> Slices => new[] { Query, KeyValue, TurnedKey }.OfType<LinearSlice>();

    /// <summary>The plan of one block.</summary>
    /// <param name="config">The decoder.</param>
    /// <param name="latent">Its sizes.</param>
    /// <param name="tensor">The block's tensor of a name, rows, columns, and whether it has a bias.</param>
    /// <param name="norm">The block's norm of a name and size.</param>
    internal static LatentPlan Of(DecoderConfig config, LatentConfig latent, Func<string, int, int, bool, LinearTensor> tensor,
        Func<string, int, NormTensors> norm)
    {
        TensorNames names = config.Names;
        LinearTensor both = tensor(
            names.KeyValueLatent, latent.KeyValueRank + latent.TurnedSize, config.HiddenSize, config.QueryKeyValueBias);
        return new LatentPlan
        {
            Query = latent.QueryRank is { } rank ? LinearSlice.Whole(LinearRole.QueryLatent,
                tensor(names.QueryLatent, rank, config.HiddenSize, config.QueryKeyValueBias)) : null,
            QueryNorm = latent.QueryRank is { } size ? norm(names.QueryLatentNorm, size) with { Epsilon = NormEpsilon } : null,
            KeyValue = new(LinearRole.KeyValueLatent, both, latent.KeyValueRank, 0, latent.KeyValueRank, 0),
            KeyValueNorm = norm(names.KeyValueLatentNorm, latent.KeyValueRank) with { Epsilon = NormEpsilon },
            TurnedKey = new(LinearRole.TurnedKey, both, latent.TurnedSize, latent.KeyValueRank, latent.TurnedSize, 0),
        };
    }
}
