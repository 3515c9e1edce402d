using MaskLlm.Architectures;

namespace MaskLlm.Tests.Architectures.Families;

/// <summary>Mixtures of experts.</summary>
public sealed partial class HubConfigTests
{
    [Fact]
    public void Mixtral_8x7B()
    {
        DecoderConfig config = Read("""
            {"model_type": "mixtral", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
             "max_position_embeddings": 32768, "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32,
             "num_key_value_heads": 8, "num_local_experts": 8, "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "sliding_window": null,
             "tie_word_embeddings": false, "vocab_size": 32000}
            """);
        Assert.Equal((8, 2, 14336, 0), Sizes(config));
        Assert.Equal((true, RouterScore.Softmax, 1e6), (config.Experts!.NormalizesChosen, config.Experts.Score, config.Rotary!.Theta));
        BlockPlan plan = BlockPlan.Of(config, 31);
        Assert.Null(plan.Mlp);
        Assert.Equal("model.layers.31.block_sparse_moe.experts.7.w3.weight", plan.Experts!.Mlps[7].Up.Tensor.Name);
    }

    [Fact]
    public void Olmoe_1B7B()
    {
        DecoderConfig config = Read("""
            {"model_type": "olmoe", "attention_bias": false, "clip_qkv": null, "hidden_act": "silu", "hidden_size": 2048,
             "intermediate_size": 1024, "max_position_embeddings": 4096, "norm_topk_prob": false, "num_attention_heads": 16,
             "num_experts": 64, "num_experts_per_tok": 8, "num_hidden_layers": 16, "num_key_value_heads": 16, "rms_norm_eps": 1e-5,
             "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "vocab_size": 50304}
            """);
        Assert.Equal((64, 8, 1024, 0), Sizes(config));
        Assert.Equal((false, QueryKeyNorm.Whole), (config.Experts!.NormalizesChosen, config.QueryKeyNorm));
        Assert.Equal(8192, config.WidthPerToken);
    }

    [Fact]
    public void Qwen3_30B_A3B()
    {
        DecoderConfig config = Read("""
            {"model_type": "qwen3_moe", "attention_bias": false, "decoder_sparse_step": 1, "head_dim": 128, "hidden_act": "silu",
             "hidden_size": 2048, "intermediate_size": 6144, "max_position_embeddings": 40960, "max_window_layers": 48,
             "mlp_only_layers": [], "moe_intermediate_size": 768, "norm_topk_prob": true, "num_attention_heads": 32, "num_experts": 128,
             "num_experts_per_tok": 8, "num_hidden_layers": 48, "num_key_value_heads": 4, "rms_norm_eps": 1e-6, "rope_scaling": null,
             "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false, "use_sliding_window": false,
             "vocab_size": 151936}
            """);
        Assert.Equal((128, 8, 768, 0), Sizes(config));
        Assert.Equal((true, QueryKeyNorm.Head, 128), (config.Experts!.NormalizesChosen, config.QueryKeyNorm, config.HeadSize));
        Assert.Empty(config.Experts.DenseBlocks);
    }

    [Fact]
    public void DeepseekV3_671B()
    {
        DecoderConfig config = Read("""
            {"model_type": "deepseek_v3", "attention_bias": false, "first_k_dense_replace": 3, "hidden_act": "silu", "hidden_size": 7168,
             "intermediate_size": 18432, "kv_lora_rank": 512, "max_position_embeddings": 163840, "moe_intermediate_size": 2048,
             "moe_layer_freq": 1, "n_group": 8, "n_routed_experts": 256, "n_shared_experts": 1, "norm_topk_prob": true,
             "num_attention_heads": 128, "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 128,
             "num_nextn_predict_layers": 1, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-6,
             "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 1.0, "mscale_all_dim": 1.0,
             "original_max_position_embeddings": 4096, "type": "yarn"}, "rope_theta": 10000, "routed_scaling_factor": 2.5,
             "scoring_func": "sigmoid", "tie_word_embeddings": false, "topk_group": 4, "topk_method": "noaux_tc", "v_head_dim": 128,
             "vocab_size": 129280}
            """);
        Assert.Equal((256, 8, 2048, 2048), Sizes(config));
        Assert.Equal([0, 1, 2], config.Experts!.DenseBlocks);
        Assert.Equal((8, 4), (config.Experts.Groups, config.Experts.GroupsPerToken));
        Assert.Equal((192, 128, 64, 128), (config.HeadSize, config.ValueSize, config.RotarySize, config.PlainKeySize));
        Assert.Equal((1536, 512, true), (config.Latent!.QueryRank, config.Latent.KeyValueRank, config.Rotary!.TurnsNeighbours));
        Assert.Equal((1.0, 40.0), (config.Rotary.Scaling!.AttentionFactor, config.Rotary.Scaling.Factor));
        Assert.Equal(Math.Pow(0.1 * Math.Log(40) + 1, 2) / Math.Sqrt(192), config.AttentionScale!.Value, 1e-12);
        LinearSlice value = BlockPlan.Of(config, 60).Value;
        Assert.Equal("model.layers.60.self_attn.kv_b_proj.weight", value.Tensor.Name);
        Assert.Equal((32768, 512), (value.Tensor.Rows, value.Tensor.Columns));
        Assert.Equal((128, 384), (value.TensorRow(0), value.TensorRow(128)));
    }

    [Fact]
    public void DeepseekV3_WithoutKeys_HasTransformersDefaults()
    {
        DecoderConfig config = ConfigCase.Read("deepseek_v3", """{"num_key_value_heads": "absent", "head_dim": "absent"}""");
        Assert.Equal((256, 8, 2048, 2048), Sizes(config));
        Assert.Equal([0, 1, 2], config.Experts!.DenseBlocks);
        Assert.Equal((8, 4, 2.5), (config.Experts.Groups, config.Experts.GroupsPerToken, config.Experts.Scale));
        Assert.Equal(new LatentConfig { QueryRank = 1536, KeyValueRank = 512, TurnedSize = 64, ValueSize = 128 }, config.Latent);
        Assert.Equal((192, 64, 4096), (config.HeadSize, config.KeyValueHeadCount, config.MaxPositions));
        Assert.True(config.Rotary!.TurnsNeighbours);
        Assert.Null(ConfigCase.Read("deepseek_v3",
            """{"num_key_value_heads": null, "q_lora_rank": null, "head_dim": "absent"}""").Latent!.QueryRank);
    }

    [Theory]
    [InlineData("""{"head_dim": 24}""", "head_dim is 24 and qk_rope_head_dim gives 8; mend the file.")]
    [InlineData("""{"qk_head_dim": 26}""", "qk_head_dim is 26 and qk_nope_head_dim and qk_rope_head_dim give 24; mend the file.")]
    public void DeepseekV3_SizeThatItsPartsDoNotGive_IsRefused(string changes, string sentence)
    {
        string sizes = changes.Replace("{",
            "{\"num_key_value_heads\": 64, \"qk_nope_head_dim\": 16, \"qk_rope_head_dim\": 8, ", StringComparison.Ordinal);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => ConfigCase.Read("deepseek_v3", sizes)).Message,
            StringComparison.Ordinal);
        Assert.Equal(24, ConfigCase.Read("deepseek_v3",
            """{"num_key_value_heads": 64, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "head_dim": 8, "qk_head_dim": null}""").HeadSize);
    }

    [Theory]
    [InlineData("{}", new int[0])]
    [InlineData("""{"decoder_sparse_step": 2}""", new[] { 0, 2, 4 })]
    [InlineData("""{"mlp_only_layers": [1]}""", new[] { 1 })]
    [InlineData("""{"mlp_only_layers": [1, 3], "decoder_sparse_step": 2}""", new[] { 0, 1, 2, 3, 4 })]
    public void QwenMoe_DenseBlocks_AreThoseOfListAndStep(string changes, int[] dense)
    {
        string six = changes.Replace("{", "{\"num_hidden_layers\": 6" + (changes == "{}" ? "" : ", "), StringComparison.Ordinal);
        foreach (string family in new[] { "qwen2_moe", "qwen3_moe" })
        {
            DecoderConfig config = ConfigCase.Read(family, six);
            Assert.Equal(dense, config.Experts!.DenseBlocks);
            Assert.Equal(dense, Enumerable.Range(0, 6).Where(block => config.ExpertsOf(block) is null));
        }
    }

    /// <summary>What transformers takes where a file says nothing.</summary>
    [Theory]
    [InlineData("mixtral", 8, 2, 96, 0, true)]
    [InlineData("olmoe", 64, 8, 96, 0, false)]
    [InlineData("qwen2_moe", 60, 4, 1408, 5632, false)]
    [InlineData("qwen3_moe", 128, 8, 768, 0, false)]
    [InlineData("granitemoe", 8, 2, 96, 0, true)]
    [InlineData("gpt_oss", 128, 4, 96, 0, true)]
    [InlineData("glm4_moe", 128, 8, 1408, 1408, true)]
    public void Mixture_WithoutKeys_HasItsFamilysDefaults(string family, int count, int perToken, int width, int shared, bool normalizes)
    {
        DecoderConfig config = ConfigCase.Read(family, "{}");
        Assert.Equal((count, perToken, width, shared), Sizes(config));
        Assert.Equal(normalizes, config.Experts!.NormalizesChosen);
        Assert.Equal(count / 2, ConfigCase.Read(family,
            $$"""{"{{(family == "glm4_moe" ? "n_routed_experts" : "num_local_experts")}}": {{count / 2}}}""").Experts!.Count);
    }

    [Fact]
    public void GptOss_WithoutRotarySettings_IsStretchedAsTheFirstOnes()
    {
        DecoderConfig config = ConfigCase.Read("gpt_oss", "{}");
        RotaryScaling scaling = config.Rotary!.Scaling!;
        Assert.Equal((RotaryScalingKind.Yarn, 32.0, 4096, false),
            (scaling.Kind, scaling.Factor, scaling.OriginalMaxPositions, scaling.Truncate));
        Assert.Equal(150000, config.Rotary.Theta);
        Assert.Equal((128, null, 128), (config.SlidingWindow(0), config.SlidingWindow(1), config.SlidingWindow(2)));
        Assert.Equal((7.0, 1.702, true), (config.Experts!.Limit, config.Experts.Slope, config.Experts.Bias));
        LinearTensor all = BlockPlan.Of(config, 0).Experts!.Mlps[3].Gate!.Tensor;
        Assert.Equal("model.layers.0.mlp.experts.gate_up_proj", all.Name);
        Assert.Equal([128, 64, 192], all.StoredShape);
    }

    [Theory]
    [InlineData("deepseek_v3", """{"scoring_func": "softmax"}""", "scoring_func is \"softmax\"; sigmoid can be read")]
    [InlineData("deepseek_v3", """{"topk_method": "greedy"}""", "topk_method is \"greedy\"; noaux_tc can be read")]
    [InlineData("deepseek_v3", """{"moe_layer_freq": 2}""", "moe_layer_freq is 2; 1, experts in every block behind the")]
    [InlineData("deepseek_v3", """{"quantization_config": {"quant_method": "fp8"}}""", "quantization_config is fp8; only weights that are")]
    [InlineData("olmoe", """{"clip_qkv": 8.0}""", "clip_qkv is 8; null, queries and keys of any size, can be read")]
    public void Read_MixtureThatIsNotComputed_IsNotSupported(string family, string changes, string part) => Assert.Contains(
        part, Assert.Throws<NotSupportedException>(() => ConfigCase.Read(family, changes)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("mixtral", """{"num_local_experts": 2, "num_experts_per_tok": 3}""", "num_experts_per_tok is 3 and there are 2 experts")]
    [InlineData("qwen3_moe", """{"mlp_only_layers": [30]}""", "mlp_only_layers names block 30, and num_hidden_layers is 30")]
    [InlineData("qwen3_moe", """{"num_experts": 0}""", "num_experts is 0; 1 to 65536 can be")]
    [InlineData("glm4_moe", """{"n_group": 5}""", "128 experts in n_group 5")]
    [InlineData("glm4_moe", """{"n_group": 64, "topk_group": 2}""", "do not give num_experts_per_tok 8")]
    [InlineData("deepseek_v3", "{}", "num_key_value_heads is 32 and num_attention_heads 64; latents make a key and a value for each head")]
    [InlineData("deepseek_v3", """{"num_key_value_heads": 64, "head_dim": null, "kv_lora_rank": 0}""",
        "kv_lora_rank is 0; 1 to 1048576 can be")]
    [InlineData("deepseek_v3", """{"num_key_value_heads": 64, "head_dim": 7, "qk_rope_head_dim": 7}""",
        "qk_rope_head_dim is 7; rotary embedding needs")]
    public void Read_MixtureThatContradictsItself_IsOneSentence(string family, string changes, string part)
    {
        string message = ConfigCase.Refusal(family, changes);
        Assert.StartsWith(ConfigCase.Name + ": ", message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    private static (int Count, int PerToken, int Width, int Shared) Sizes(DecoderConfig config)
    {
        ExpertsConfig experts = config.Experts!;
        return (experts.Count, experts.PerToken, experts.Width, experts.SharedWidth);
    }

    /// <summary>As in Python, whatever the key's default is.</summary>
    [Fact]
    public void Read_FlagOfNull_IsFalse()
    {
        Assert.Equal((true, false), (Chosen("{}"), Chosen("""{"norm_topk_prob": null}""")));
        Assert.Equal((true, false), (HasBias("{}"), HasBias("""{"attention_bias": null}""")));

        static bool Chosen(string changes) => ConfigCase.Read("glm4_moe", changes).Experts!.NormalizesChosen;
        static bool HasBias(string changes) => ConfigCase.Read("gpt_oss", changes).QueryKeyValueBias;
    }
}
