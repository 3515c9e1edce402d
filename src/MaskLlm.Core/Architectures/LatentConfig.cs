using MaskLlm.Architectures.Families;

namespace MaskLlm.Architectures;

/// <summary>Heads that are made of a few channels, the latents, in place of the residual sum (multi-head latent attention, DeepSeek-V2,
/// arXiv 2405.04434).</summary>
public sealed record LatentConfig
{
    /// <summary>Channels that queries are made of; null where they are made of the residual sum.</summary>
    public int? QueryRank { get; init; }

    /// <summary>Channels that values, and the dimensions of keys that are not turned, are made of.</summary>
    public required int KeyValueRank { get; init; }

    /// <summary>Dimensions of a head of queries and keys that positions turn: the last ones, in keys the same for all heads.</summary>
    public required int TurnedSize { get; init; }

    /// <summary>Dimensions of a value head.</summary>
    public required int ValueSize { get; init; }

    /// <summary>The factor on yarn's logarithm by which products of queries and keys are stretched too, turned or not
    /// (<c>mscale_all_dim</c>); 0 for none.</summary>
    public double LengthScale { get; init; }

    /// <summary>Checks that every number is in its range.</summary>
    /// <exception cref="InvalidDataException">One is not.</exception>
    internal void Validate(string where)
    {
        if (QueryRank is { } rank) ConfigRange.Require(where, "q_lora_rank", rank);
        ConfigRange.Require(where, "kv_lora_rank", KeyValueRank);
        ConfigRange.Require(where, "qk_rope_head_dim", TurnedSize);
        ConfigRange.Require(where, "v_head_dim", ValueSize);
    }
}
