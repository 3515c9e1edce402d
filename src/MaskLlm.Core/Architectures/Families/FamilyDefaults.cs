namespace MaskLlm.Architectures.Families;

/// <summary>What transformers takes for a key that config.json does not have, where the families differ.</summary>
/// <param name="MaxPositions">Of <c>max_position_embeddings</c>.</param>
/// <param name="KeyValueHeads">Of <c>num_key_value_heads</c>; null for as many as query heads, as where the key is there and null.</param>
/// <param name="HeadSize">Of <c>head_dim</c>; null for hidden_size / num_attention_heads.</param>
internal sealed record FamilyDefaults(int MaxPositions, int? KeyValueHeads = null, int? HeadSize = null)
{
    /// <summary>Of <c>tie_word_embeddings</c>.</summary>
    internal bool TiesEmbeddings { get; init; }

    /// <summary>The key of what norms add, and what it is without it.</summary>
    internal (string Key, double Value) Epsilon { get; init; } = ("rms_norm_eps", NormEpsilon);

    /// <summary>Of <c>rope_theta</c>.</summary>
    internal double Theta { get; init; } = RotaryTheta;

    /// <summary>Of <c>partial_rotary_factor</c>; null in a family that turns whole heads and says so of any other number.</summary>
    internal double? RotaryFraction { get; init; }

    /// <summary>Of <c>sliding_window</c>, in the families that have one; null there is none.</summary>
    internal const int SlidingWindow = 4096;

    /// <summary>Of <c>max_window_layers</c> (Qwen).</summary>
    internal const int MaxWindowLayers = 28;

    /// <summary>Of <c>rms_norm_eps</c>.</summary>
    internal const double NormEpsilon = 1e-6;

    /// <summary>Of <c>rope_theta</c>.</summary>
    internal const double RotaryTheta = 10000;
}
