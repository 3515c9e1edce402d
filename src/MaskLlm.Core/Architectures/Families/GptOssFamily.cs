namespace MaskLlm.Architectures.Families;

/// <summary>gpt-oss (arXiv 2508.10925): experts of a block in one tensor stored (experts, inputs, outputs), with biases and a gate that is
/// cut; attention with a logit that no token has, every other block windowed.</summary>
internal static class GptOssFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 8, HeadSize: 64)
    {
        Epsilon = ("rms_norm_eps", 1e-5),
        Theta = 150000,
    };

    private static readonly TensorNames Names = new()
    {
        Router = "mlp.router",
        FusedExpertsGateUp = "mlp.experts.gate_up_proj",
        FusedExpertsDown = "mlp.experts.down_proj",
        IsExpertsGateUpAlternating = true,
        IsExpertsTransposed = true,
        Sinks = "self_attn.sinks",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias", absent: true);
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        // Without settings transformers stretches 32 times from 4096 tokens.
        RotaryConfig rotary = config.Has("rope_parameters") || config.Has("rope_scaling") ? decoder.Rotary!
            : decoder.Rotary! with
            {
                Scaling = new RotaryScaling(RotaryScalingKind.Yarn, 32, OriginalMaxPositions: 4096)
                {
                    Truncate = false,
                    AttentionFactor = 0.1 * Math.Log(32) + 1,
                },
            };
        int? window = config.Int("sliding_window", absent: 128, ifNull: null);
        IReadOnlyList<bool> windowed = LayerTypes.Read(config, decoder.BlockCount)
            ?? [.. Enumerable.Range(0, decoder.BlockCount).Select(block => block % 2 == 0)];
        if (window is null && windowed.Contains(true))
            throw config.Contradiction("sliding_window is null, and blocks of sliding_attention need one; mend the file.");
        return decoder with
        {
            Rotary = rotary,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            SlidingWindows = [.. windowed.Select(isWindowed => isWindowed ? window : null)],
            Experts = new ExpertsConfig
            {
                Count = ExpertsReader.Count(config, absent: 128),
                PerToken = config.Int("num_experts_per_tok", 4),
                Width = decoder.IntermediateSize,
                NormalizesChosen = true,
                RouterBias = true,
                Bias = true,
                Limit = config.Double("swiglu_limit", 7),
                Slope = config.Double("swiglu_alpha", 1.702),
            },
            Names = Names,
        };
    }
}
