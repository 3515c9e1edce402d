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

    /// <summary>Of the base of the rotary frequencies.</summary>
    internal double Theta { get; init; } = RotaryTheta;

    /// <summary>The key of it, outside of objects of rotary settings.</summary>
    internal string ThetaKey { get; init; } = "rope_theta";

    /// <summary>Of the part of a head that is turned; null in a family that turns whole heads and says so of any other number.</summary>
    internal double? RotaryFraction { get; init; }

    /// <summary>The key of it, outside of objects of rotary settings.</summary>
    internal string RotaryFractionKey { get; init; } = "partial_rotary_factor";

    /// <summary>
    /// Of <c>original_max_position_embeddings</c> in a family whose configuration has it outside of rotary settings, where it goes before
    /// the one inside.
    /// </summary>
    internal int? OriginalMaxPositions { get; init; }

    /// <summary>
    /// Whether <c>rope_parameters</c> has an object for each kind of block, beside which <c>rope_scaling</c> is read too (Gemma 3).
    /// </summary>
    internal bool RotatesByKindOfBlock { get; init; }

    /// <summary>Whether longrope is the only rotary scaling, and goes by the names su and yarn too (Phi-3).</summary>
    internal bool ScalesByLongRopeAlone { get; init; }

    /// <summary>Of <c>sliding_window</c>, in the families that have one; null there is none.</summary>
    internal const int SlidingWindow = 4096;

    /// <summary>Of <c>max_window_layers</c> (Qwen).</summary>
    internal const int MaxWindowLayers = 28;

    /// <summary>Of <c>rms_norm_eps</c>.</summary>
    internal const double NormEpsilon = 1e-6;

    /// <summary>Of <c>rope_theta</c>.</summary>
    internal const double RotaryTheta = 10000;
}
