namespace MaskLlm.Architectures.Families;

/// <summary>What transformers takes for a key that config.json does not have, where the families differ.</summary>
/// <param name="MaxPositions">Of <c>max_position_embeddings</c>.</param>
/// <param name="KeyValueHeads">Of <c>num_key_value_heads</c>; null for as many as query heads, as where the key is there and null.</param>
/// <param name="HeadSize">Of <c>head_dim</c>; null for hidden_size / num_attention_heads.</param>
internal sealed record FamilyDefaults(int MaxPositions, int? KeyValueHeads = null, int? HeadSize = null)
{
    /// <summary>Of <c>sliding_window</c>, in the families that have one; null there is none.</summary>
    internal const int SlidingWindow = 4096;

    /// <summary>Of <c>max_window_layers</c> (Qwen).</summary>
    internal const int MaxWindowLayers = 28;

    /// <summary>Of <c>rms_norm_eps</c>.</summary>
    internal const double NormEpsilon = 1e-6;

    /// <summary>Of <c>rope_theta</c>.</summary>
    internal const double RotaryTheta = 10000;
}
