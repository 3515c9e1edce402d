namespace MaskLlm.Architectures.Families;

/// <summary>Phi-3 and Phi-4-mini: one tensor for query, key and value, and one for gate and up.</summary>
internal static class Phi3Family
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096)
    {
        Epsilon = ("rms_norm_eps", 1e-5),
        RotaryFraction = 1,
        OriginalMaxPositions = 4096,
        ScalesByLongRopeAlone = true,
    };

    private static readonly TensorNames Names = new()
    {
        FusedQueryKeyValue = "self_attn.qkv_proj",
        FusedGateUp = "mlp.gate_up_proj",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: null, ifNull: null);
        return decoder with { SlidingWindows = [.. Enumerable.Repeat(window, decoder.BlockCount)], Names = Names };
    }
}
