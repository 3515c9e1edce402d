using System.Globalization;

namespace MaskLlm.Architectures.Families;

/// <summary>DeepSeek-V3 and R1 (arXiv 2412.19437): heads made of latents, of which a part is turned, and the experts of GLM-4.5.</summary>
internal static class DeepseekV3Family
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096, HeadSize: 64);

    private static readonly SigmoidExperts Experts = new(Count: 256, Width: 2048, DenseBlocks: 3)
    {
        Groups = 8,
        GroupsPerToken = 4,
        Scale = 2.5,
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        RequireKnownRouting(config);
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int heads = decoder.HeadCount, turned = config.Int("qk_rope_head_dim", 64);
        if (config.Has("num_key_value_heads") && decoder.KeyValueHeadCount != heads)
            throw config.Contradiction($"num_key_value_heads is {decoder.KeyValueHeadCount} and num_attention_heads {heads}; latents make "
                + "a key and a value for each head.");
        int size = config.Int("qk_nope_head_dim", 128) + turned;
        // What transformers writes beside the parts that it computes them from.
        RequireSum(config, "head_dim", turned, "qk_rope_head_dim gives");
        RequireSum(config, "qk_head_dim", size, "qk_nope_head_dim and qk_rope_head_dim give");
        bool bias = config.Bool("attention_bias");
        RotaryScaling? scaling = decoder.Rotary!.Scaling;
        double length = scaling is null ? 0 : RotaryReader.Settings(config)!.DoubleOrNull("mscale_all_dim") ?? 0;
        return Experts.AddTo(decoder, config) with
        {
            KeyValueHeadCount = heads,
            HeadSize = size,
            AttentionScale = Math.Pow(RotaryReader.Length(scaling?.Factor ?? 1, length), 2) / Math.Sqrt(size),
            Latent = new LatentConfig
            {
                QueryRank = config.Int("q_lora_rank", absent: 1536, ifNull: null),
                KeyValueRank = config.Int("kv_lora_rank", 512),
                TurnedSize = turned,
                ValueSize = config.Int("v_head_dim", 128),
                LengthScale = length,
            },
            Rotary = decoder.Rotary with { TurnsNeighbours = config.Bool("rope_interleave", absent: true) },
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
        };
    }

    private static void RequireSum(ConfigFile config, string key, int sum, string giver)
    {
        if (config.Int(key, absent: sum, ifNull: sum) is { } found && found != sum)
            throw config.Contradiction($"{key} is {found} and {giver} {sum}; mend the file.");
    }

    // Of DeepSeek's own program; transformers does not read them.
    private static void RequireKnownRouting(ConfigFile config)
    {
        foreach ((string key, string known) in new[] { ("scoring_func", "sigmoid"), ("topk_method", "noaux_tc") })
            if (config.Text(key) is { } found && found != known)
                throw config.Unsupported(key, $"\"{Json.JsonValue.Shortened(found)}\"", known);
        if (config.Int("moe_layer_freq", 1) is not 1 and int every)
            throw config.Unsupported("moe_layer_freq", every.ToString(CultureInfo.InvariantCulture),
                "1, experts in every block behind the dense ones,");
    }
}
