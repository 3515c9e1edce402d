using System.Globalization;

namespace MaskLlm.Architectures.Families;

/// <summary>OLMoE (arXiv 2409.02060): experts in every block, norms of all queries and keys.</summary>
internal static class OlmoeFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096) { Epsilon = ("rms_norm_eps", 1e-5) };

    internal static DecoderConfig Read(ConfigFile config)
    {
        if (config.Value("clip_qkv")?.Number() is { } most)
            throw config.Unsupported("clip_qkv", most.ToString(CultureInfo.InvariantCulture), "null, queries and keys of any size,");
        bool bias = config.Bool("attention_bias");
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        return decoder with
        {
            QueryKeyNorm = QueryKeyNorm.Whole,
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            Experts = new ExpertsConfig
            {
                Count = ExpertsReader.Count(config, absent: 64),
                PerToken = config.Int("num_experts_per_tok", 8),
                Width = decoder.IntermediateSize,
                NormalizesChosen = config.Bool("norm_topk_prob"),
            },
        };
    }
}
