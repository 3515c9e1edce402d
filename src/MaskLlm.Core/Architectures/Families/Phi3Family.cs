namespace MaskLlm.Architectures.Families;

/// <summary>Phi-3 and Phi-4-mini: one tensor for query, key and value, and one for gate and up.</summary>
internal static class Phi3Family
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096) { Epsilon = ("rms_norm_eps", 1e-5), RotaryFraction = 1 };

    private static readonly TensorNames Names = new()
    {
        FusedQueryKeyValue = "self_attn.qkv_proj",
        FusedGateUp = "mlp.gate_up_proj",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: null, ifNull: null);
        RequireFactors(config, decoder);
        return decoder with { SlidingWindows = [.. Enumerable.Repeat(window, decoder.BlockCount)], Names = Names };
    }

    private static void RequireFactors(ConfigFile config, DecoderConfig decoder)
    {
        if (decoder.Rotary!.Scaling is not { Kind: RotaryScalingKind.LongRope } scaling) return;
        int pairs = decoder.Rotary.Dimensions(decoder.HeadSize) / 2;
        foreach ((string name, int count) in new[] { ("short_factor", scaling.ShortFactors.Count), ("long_factor", scaling.LongFactors.Count) })
            if (count != pairs) throw config.Contradiction($"{name} has {count} numbers and {pairs} pairs of a head are turned; one for each is needed.");
    }
}
