namespace MaskLlm.Architectures.Families;

/// <summary>Qwen1.5-MoE and Qwen2-MoE (an MLP beside the experts, behind a gate of its own) and Qwen3-MoE (experts alone).</summary>
internal static class QwenMoeFamily
{
    private static readonly FamilyDefaults Qwen2 = new(MaxPositions: 32768, KeyValueHeads: 16);
    private static readonly FamilyDefaults Qwen3 = new(MaxPositions: 32768, KeyValueHeads: 4);

    internal static DecoderConfig ReadQwen2(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Qwen2) with { QueryKeyValueBias = config.Bool("qkv_bias", absent: true) };
        ExpertsConfig experts = Experts(config, decoder, count: 60, perToken: 4, width: 1408) with
        {
            SharedWidth = config.Int("shared_expert_intermediate_size", 5632),
            SharedIsGated = true,
        };
        return decoder with
        {
            Experts = experts,
            // Every other block before max_window_layers, from the first on.
            SlidingWindows = QwenFamily.Windows(config, decoder.BlockCount, (block, most) => block % 2 == 0 && block < most),
        };
    }

    internal static DecoderConfig ReadQwen3(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, Qwen3);
        return decoder with
        {
            QueryKeyNorm = QueryKeyNorm.Head,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Experts = Experts(config, decoder, count: 128, perToken: 8, width: 768),
            SlidingWindows = [.. Enumerable.Repeat(QwenFamily.Window(config), decoder.BlockCount)],
        };
    }

    private static ExpertsConfig Experts(ConfigFile config, DecoderConfig decoder, int count, int perToken, int width) => new()
    {
        Count = ExpertsReader.Count(config, count),
        PerToken = config.Int("num_experts_per_tok", perToken),
        Width = config.Int("moe_intermediate_size", width),
        NormalizesChosen = config.Bool("norm_topk_prob"),
        DenseBlocks = ExpertsReader.DenseBlocks(config, decoder.BlockCount),
    };
}
