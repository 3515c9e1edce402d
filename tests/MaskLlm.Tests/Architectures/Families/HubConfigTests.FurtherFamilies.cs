using MaskLlm.Architectures;

namespace MaskLlm.Tests.Architectures.Families;

/// <summary>The families with other positions, other places of norms, and blocks of two kinds.</summary>
public sealed partial class HubConfigTests
{
    [Fact]
    public void Opt_125m()
    {
        DecoderConfig config = Read("""
            {"model_type": "opt", "activation_dropout": 0.0, "activation_function": "relu", "do_layer_norm_before": true, "dropout": 0.1,
             "ffn_dim": 3072, "hidden_size": 768, "init_std": 0.02, "layerdrop": 0.0, "max_position_embeddings": 2048,
             "num_attention_heads": 12, "num_hidden_layers": 12, "prefix": "</s>", "vocab_size": 50272, "word_embed_proj_dim": 768}
            """);
        Assert.Equal((768, 3072, 12, 64), (config.HiddenSize, config.IntermediateSize, config.HeadCount, config.HeadSize));
        Assert.Equal((2048, 2, 2050), (config.MaxPositions, config.PositionOffset, config.PositionRows));
        Assert.Equal((Activation.Relu, NormKind.Layer, 1e-5), (config.Activation, config.Norm, config.NormEpsilon));
        Assert.Equal((true, true, true, true),
            (config.TieWordEmbeddings, config.QueryKeyValueBias, config.AttentionOutputBias, config.MlpBias));
        Assert.Null(config.Rotary);
    }

    // The spelling of the 560 million, and that of the 176 billion.
    [Theory]
    [InlineData("""{"n_embed": 1024, "num_attention_heads": 16, "n_layer": 24, "seq_length": 2048, "n_inner": null}""")]
    [InlineData("""{"hidden_size": 1024, "n_head": 16, "n_layer": 24}""")]
    [InlineData("""{"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 24}""")]
    public void Bloom_560m(string sizes)
    {
        DecoderConfig config = Read($$"""
            {"model_type": "bloom", "apply_residual_connection_post_layernorm": false, "layer_norm_epsilon": 1e-5, "pretraining_tp": 1,
             "slow_but_exact": false, "offset_alibi": 100, "vocab_size": 250880, {{sizes.Trim('{', '}')}}}
            """);
        Assert.Equal((1024, 4096, 24, 16), (config.HiddenSize, config.IntermediateSize, config.BlockCount, config.HeadCount));
        Assert.Equal((true, 2048, Activation.GeluTanh), (config.HasAlibi, config.MaxPositions, config.Activation));
        Assert.Equal("transformer.word_embeddings_layernorm.bias", config.EmbeddingNorm!.Bias);
        Assert.Equal((true, null), (config.TieWordEmbeddings, config.Rotary));
    }

    [Fact]
    public void GptJ_6b()
    {
        DecoderConfig config = Read("""
            {"model_type": "gptj", "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "n_embd": 4096, "n_head": 16,
             "n_inner": null, "n_layer": 28, "n_positions": 2048, "rotary": true, "rotary_dim": 64, "scale_attn_weights": true,
             "tie_word_embeddings": false, "vocab_size": 50400}
            """);
        Assert.Equal((4096, 16384, 16, 256), (config.HiddenSize, config.IntermediateSize, config.HeadCount, config.HeadSize));
        Assert.Equal((64, true), (config.Rotary!.Dimensions(config.HeadSize), config.Rotary.TurnsNeighbours));
        Assert.Equal((true, true, false, "lm_head.bias"),
            (config.IsParallel, config.MlpBias, config.QueryKeyValueBias, config.HeadBiasName));
        BlockPlan plan = BlockPlan.Of(config, 0);
        Assert.Equal(plan.InputNorm, plan.MlpNorm);
        Assert.Single(plan.Norms());
    }

    /// <summary>Every number of dimensions comes back whole, whatever its quotient is rounded to.</summary>
    [Fact]
    public void GptJ_RotaryDim_IsTurnedToTheLastDimension() => Assert.All(Enumerable.Range(1, 160), turned => Assert.Equal(
        turned, ConfigCase.Read("gptj", $$"""{"n_embd": 320, "n_head": 2, "n_layer": 1, "rotary_dim": {{turned}}}""")
            .Rotary!.Dimensions(160)));

    [Fact]
    public void Falcon_7b()
    {
        DecoderConfig config = Read("""
            {"model_type": "falcon", "alibi": false, "apply_residual_connection_post_layernorm": false, "bias": false, "hidden_size": 4544,
             "layer_norm_epsilon": 1e-5, "multi_query": true, "new_decoder_architecture": false, "num_attention_heads": 71,
             "num_hidden_layers": 32, "num_kv_heads": 71, "parallel_attn": true, "vocab_size": 65024}
            """);
        Assert.Equal((71, 1, 64, 18176), (config.HeadCount, config.KeyValueHeadCount, config.HeadSize, config.IntermediateSize));
        Assert.Equal((true, Activation.Gelu, true, 2048),
            (config.IsParallel, config.Activation, config.TieWordEmbeddings, config.MaxPositions));
        BlockPlan plan = BlockPlan.Of(config, 0);
        Assert.Equal(plan.InputNorm, plan.MlpNorm);
        // All queries, then the key, then the value.
        Assert.Equal((65, 4544, 4608), (plan.Query.TensorRow(65), plan.Key.TensorRow(0), plan.Value.TensorRow(0)));
    }

    [Fact]
    public void Falcon_40b()
    {
        DecoderConfig config = Read("""
            {"model_type": "falcon", "alibi": false, "bias": false, "hidden_size": 8192, "layer_norm_epsilon": 1e-5,
             "new_decoder_architecture": true, "num_attention_heads": 128, "num_hidden_layers": 60, "num_kv_heads": 8,
             "parallel_attn": true, "vocab_size": 65024}
            """);
        Assert.Equal((128, 8), (config.HeadCount, config.KeyValueHeadCount));
        BlockPlan plan = BlockPlan.Of(config, 3);
        Assert.Equal(("transformer.h.3.ln_attn.weight", "transformer.h.3.ln_mlp.weight"), (plan.InputNorm!.Weight, plan.MlpNorm!.Weight));
        // Sixteen queries, a key and a value of 64 rows each, eight times.
        Assert.Equal((1152, 1024, 1088), (plan.Query.TensorRow(1024), plan.Key.TensorRow(0), plan.Value.TensorRow(0)));
        DecoderConfig one = ConfigCase.Read(
            "falcon", """{"hidden_size": 128, "new_decoder_architecture": true, "num_ln_in_parallel_attn": 1}""");
        Assert.Equal("input_layernorm", one.Names.MlpNorm);
        Assert.Equal(64, one.KeyValueHeadCount);
    }

    [Fact]
    public void Phi_2()
    {
        DecoderConfig config = Read("""
            {"model_type": "phi", "hidden_act": "gelu_new", "hidden_size": 2560, "intermediate_size": 10240, "layer_norm_eps": 1e-5,
             "max_position_embeddings": 2048, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32,
             "partial_rotary_factor": 0.4, "qk_layernorm": false, "rope_scaling": null, "rope_theta": 10000.0,
             "tie_word_embeddings": false, "vocab_size": 51200}
            """);
        Assert.Equal((80, 32), (config.HeadSize, config.Rotary!.Dimensions(config.HeadSize)));
        Assert.Equal((true, true, true, QueryKeyNorm.None),
            (config.IsParallel, config.HeadBias, config.MlpBias, config.QueryKeyNorm));
        Assert.Equal(QueryKeyNorm.Head, ConfigCase.Read("phi", """{"qk_layernorm": true}""").QueryKeyNorm);
        Assert.Equal(Activation.GeluTanh, ConfigCase.Read("phi", "{}").Activation);
    }

    [Fact]
    public void StableLm2_1_6b()
    {
        DecoderConfig config = Read("""
            {"model_type": "stablelm", "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 5632, "layer_norm_eps": 1e-5,
             "max_position_embeddings": 4096, "num_attention_heads": 32, "num_hidden_layers": 24, "num_key_value_heads": 32,
             "partial_rotary_factor": 0.25, "rope_theta": 10000, "tie_word_embeddings": false, "use_qkv_bias": true, "vocab_size": 100352}
            """);
        Assert.Equal((NormKind.Layer, true, false, false),
            (config.Norm, config.QueryKeyValueBias, config.AttentionOutputBias, config.IsParallel));
        Assert.Equal(16, config.Rotary!.Dimensions(config.HeadSize));
        Assert.False(ConfigCase.Read("stablelm", "{}").QueryKeyValueBias);
    }

    [Fact]
    public void Starcoder2_3b()
    {
        DecoderConfig config = Read("""
            {"model_type": "starcoder2", "activation_function": "gelu_pytorch_tanh", "hidden_act": "gelu_pytorch_tanh", "hidden_size": 3072,
             "intermediate_size": 12288, "max_position_embeddings": 16384, "mlp_type": "default", "norm_epsilon": 1e-5,
             "norm_type": "layer_norm", "num_attention_heads": 24, "num_hidden_layers": 30, "num_key_value_heads": 2,
             "rope_theta": 999999.4420358813, "sliding_window": 4096, "use_bias": true, "vocab_size": 49152}
            """);
        Assert.Equal((4096, 4096), (config.SlidingWindow(0), config.SlidingWindow(29)));
        Assert.Equal((true, true, true, true),
            (config.TieWordEmbeddings, config.QueryKeyValueBias, config.AttentionOutputBias, config.MlpBias));
        DecoderConfig bare = ConfigCase.Read("starcoder2", """{"use_bias": false}""");
        Assert.Equal((Activation.GeluTanh, null, false), (bare.Activation, bare.SlidingWindow(0), bare.MlpBias));
    }

    [Fact]
    public void CommandR()
    {
        DecoderConfig config = Read("""
            {"model_type": "cohere", "attention_bias": false, "hidden_act": "silu", "hidden_size": 8192, "intermediate_size": 22528,
             "layer_norm_eps": 1e-5, "logit_scale": 0.0625, "max_position_embeddings": 8192, "model_max_length": 131072,
             "num_attention_heads": 64, "num_hidden_layers": 40, "num_key_value_heads": 64, "pretraining_tp": 1, "rope_theta": 8000000.0,
             "use_qk_norm": false, "vocab_size": 256000}
            """);
        Assert.Equal(new RotaryConfig(8e6) { TurnsNeighbours = true }, config.Rotary);
        Assert.Equal((16.0, true, true), (config.LogitDivisor, config.TieWordEmbeddings, config.IsParallel));
        Assert.Null(config.FinalNorm.Bias);
        DecoderConfig bare = ConfigCase.Read("cohere", "{}");
        Assert.Equal((500000.0, 16.0), (bare.Rotary!.Theta, bare.LogitDivisor));
    }

    [Fact]
    public void CommandR7b()
    {
        DecoderConfig config = Read("""
            {"model_type": "cohere2", "attention_bias": false, "head_dim": 128, "hidden_act": "silu", "hidden_size": 4096,
             "intermediate_size": 14336, "layer_norm_eps": 1e-5, "logit_scale": 0.25, "max_position_embeddings": 8192,
             "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
             "order_of_interleaved_layers": "local_attn_first", "position_embedding_type": "rope_gptj", "rope_scaling": null,
             "rope_theta": 50000, "rotary_pct": 1.0, "sliding_window": 4096, "sliding_window_pattern": 4, "vocab_size": 256000}
            """);
        Assert.Equal([4096, 4096, 4096, null, 4096], config.SlidingWindows.Take(5));
        Assert.Equal([true, true, true, false, true], Enumerable.Range(0, 5).Select(block => config.RotaryOf(block) is not null));
        Assert.Equal((4.0, 50000.0), (config.LogitDivisor, config.Rotary!.Theta));
        DecoderConfig bare = ConfigCase.Read("cohere2", "{}");
        Assert.Equal((10000.0, 4096, null), (bare.Rotary!.Theta, bare.SlidingWindow(0), bare.SlidingWindow(3)));
    }

    [Fact]
    public void Glm4_9b_0414()
    {
        DecoderConfig config = Read("""
            {"model_type": "glm4", "attention_bias": true, "head_dim": 128, "hidden_act": "silu", "hidden_size": 4096,
             "intermediate_size": 13696, "max_position_embeddings": 32768, "num_attention_heads": 32, "num_hidden_layers": 40,
             "num_key_value_heads": 2, "partial_rotary_factor": 0.5, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "tie_word_embeddings": false, "vocab_size": 151552}
            """);
        Assert.Equal(new RotaryConfig(10000, Fraction: 0.5) { TurnsNeighbours = true }, config.Rotary);
        Assert.Equal((true, false), (config.QueryKeyValueBias, config.AttentionOutputBias));
        BlockPlan plan = BlockPlan.Of(config, 0);
        Assert.Equal(4, plan.Norms().Count());
        Assert.Equal("model.layers.0.mlp.gate_up_proj.weight", plan.Mlp!.Up.Tensor.Name);
        Assert.True(ConfigCase.Read("glm4", "{}").QueryKeyValueBias);
    }

    [Fact]
    public void Exaone4_32b_OfItsFirstBlocks()
    {
        DecoderConfig config = Read("""
            {"model_type": "exaone4", "head_dim": 128, "hidden_act": "silu", "hidden_size": 5120, "intermediate_size": 27392,
             "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention", "full_attention", "sliding_attention"],
             "max_position_embeddings": 131072, "num_attention_heads": 40, "num_hidden_layers": 5, "num_key_value_heads": 8,
             "rms_norm_eps": 1e-5, "rope_scaling": {"factor": 16.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
             "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "rope_theta": 1000000, "sliding_window": 4096,
             "sliding_window_pattern": "LLLG", "tie_word_embeddings": false, "vocab_size": 102400}
            """);
        Assert.Equal([4096, 4096, 4096, null, 4096], config.SlidingWindows);
        Assert.Equal([true, true, true, false, true], config.RotatedBlocks);
        Assert.Equal((QueryKeyNorm.Head, RotaryScalingKind.Llama3), (config.QueryKeyNorm, config.Rotary!.Scaling!.Kind));
        Assert.Equal((null, null), (config.Names.InputNorm, config.Names.MlpNorm));
        // Without windows every block is turned (1.2B); of the pattern alone each fourth block sees all.
        DecoderConfig small = ConfigCase.Read("exaone4", """{"sliding_window": null, "sliding_window_pattern": null}""");
        Assert.Equal((null, true), (small.SlidingWindow(0), small.RotaryOf(0) is not null));
        DecoderConfig bare = ConfigCase.Read("exaone4", "{}");
        Assert.Equal((4096, null, false), (bare.SlidingWindow(2), bare.SlidingWindow(3), bare.RotaryOf(3) is not null));
    }

    [Fact]
    public void SmolLm3_3b_OfItsFirstBlocks()
    {
        DecoderConfig config = Read("""
            {"model_type": "smollm3", "attention_bias": false, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 11008,
             "layer_types": ["full_attention", "full_attention", "full_attention", "full_attention", "full_attention"],
             "max_position_embeddings": 65536, "max_window_layers": 28, "mlp_bias": false, "no_rope_layer_interval": 4,
             "no_rope_layers": [1, 1, 1, 0, 1], "num_attention_heads": 16, "num_hidden_layers": 5, "num_key_value_heads": 4,
             "pretraining_tp": 2, "rms_norm_eps": 1e-6, "rope_scaling": null, "rope_theta": 5000000.0, "sliding_window": null,
             "use_sliding_window": false, "vocab_size": 128256}
            """);
        Assert.Equal([true, true, true, false, true], config.RotatedBlocks);
        Assert.All(config.SlidingWindows, Assert.Null);
        Assert.Equal((true, 5e6), (config.TieWordEmbeddings, config.Rotary!.Theta));
        DecoderConfig bare = ConfigCase.Read(
            "smollm3", """{"no_rope_layer_interval": 3, "use_sliding_window": true, "sliding_window": 7}""");
        Assert.Equal([true, true, false, true], bare.RotatedBlocks.Take(4));
        Assert.Equal([null, null, 7, null], bare.SlidingWindows.Take(4));
        Assert.Equal(2e6, bare.Rotary!.Theta);
    }

    [Fact]
    public void SeedOss_36b()
    {
        DecoderConfig config = Read("""
            {"model_type": "seed_oss", "attention_bias": true, "attention_dropout": 0.1, "attention_out_bias": false, "head_dim": 128,
             "hidden_act": "silu", "hidden_size": 5120, "intermediate_size": 27648, "max_position_embeddings": 524288, "mlp_bias": false,
             "num_attention_heads": 80, "num_hidden_layers": 64, "num_key_value_heads": 8, "rms_norm_eps": 1e-6,
             "rope_scaling": {"rope_type": "default"}, "rope_theta": 10000000.0, "tie_word_embeddings": false, "vocab_size": 155136}
            """);
        Assert.Equal((true, false, false), (config.QueryKeyValueBias, config.AttentionOutputBias, config.MlpBias));
        Assert.Equal(new RotaryConfig(1e7), config.Rotary);
        Assert.True(ConfigCase.Read("seed_oss", "{}").QueryKeyValueBias);
    }

    [Theory]
    [InlineData("{}", 4096, 4096)]
    [InlineData("""{"sliding_window": null}""", null, null)]
    [InlineData("""{"num_hidden_layers": 2, "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 32768}""", null, 32768)]
    public void Ministral_Windows_AreThoseOfLayerTypes(string changes, int? first, int? second)
    {
        DecoderConfig config = ConfigCase.Read("ministral", changes);
        Assert.Equal((first, second), (config.SlidingWindow(0), config.SlidingWindow(1)));
        Assert.Equal((false, 131072), (config.QueryKeyValueBias, config.MaxPositions));
    }

    [Theory]
    [InlineData("opt", """{"ffn_dim": 96, "do_layer_norm_before": false}""", "do_layer_norm_before is false; true, norms before")]
    [InlineData("opt", """{"ffn_dim": 96, "word_embed_proj_dim": 32}""", "word_embed_proj_dim is 32; hidden_size, 64, can be read")]
    [InlineData("opt", """{"ffn_dim": 96, "_remove_final_layer_norm": true}""", "_remove_final_layer_norm is true")]
    [InlineData("opt", """{"ffn_dim": 96, "layer_norm_elementwise_affine": false}""", "layer_norm_elementwise_affine is false")]
    [InlineData("bloom", """{"apply_residual_connection_post_layernorm": true}""", "apply_residual_connection_post_layernorm is true")]
    [InlineData("gptj", """{"n_embd": 64, "n_head": 4, "rotary_dim": null}""", "rotary_dim is null; a number of dimensions can be read")]
    [InlineData("falcon", """{"alibi": true}""", "alibi is true; false, rotary embedding, can be read")]
    [InlineData("stablelm", """{"qk_layernorm": true}""", "qk_layernorm is true; false, queries and keys as they are, can be read")]
    [InlineData("cohere", """{"use_qk_norm": true}""", "use_qk_norm is true; false, queries and keys as they are, can be read")]
    [InlineData("starcoder2", """{"partial_rotary_factor": 0.5}""", "partial_rotary_factor is 0.5")]
    public void Read_SettingThatIsNotComputed_IsNotSupported(string family, string changes, string part) => Assert.Contains(
        part, Assert.Throws<NotSupportedException>(() => ConfigCase.Read(family, changes)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("opt", """{"ffn_dim": 96, "hidden_size": 100}""", "hidden_size 100 is not a multiple of num_attention_heads 64")]
    [InlineData("bloom", """{"n_head": 7}""", "hidden_size 64 is not a multiple of n_head 7")]
    [InlineData("gptj", """{"n_embd": 64, "n_head": 4, "rotary_dim": 18}""", "rotary_dim 18 is more than the 16 dimensions of a head")]
    [InlineData("gptj", """{"n_embd": 64, "n_head": 5}""", "n_embd 64 is not a multiple of n_head 5")]
    [InlineData("falcon", """{"new_decoder_architecture": true, "parallel_attn": false}""", "in a new_decoder_architecture it is true")]
    [InlineData("falcon", """{"num_ln_in_parallel_attn": 2}""", "only a new_decoder_architecture has two")]
    [InlineData("falcon", """{"multi_query": false, "num_kv_heads": 8}""", "only a new_decoder_architecture has groups of heads")]
    [InlineData("falcon", """{"hidden_size": 100}""", "hidden_size 100 is not a multiple of num_attention_heads 64")]
    [InlineData("falcon", """{"num_ln_in_parallel_attn": 3}""", "num_ln_in_parallel_attn is 3; 1 to 2 can be")]
    [InlineData("cohere", """{"logit_scale": 0}""", "logit_scale is 0")]
    [InlineData("cohere2", """{"sliding_window": null}""", "blocks of sliding_attention need a window")]
    [InlineData("exaone4", """{"sliding_window_pattern": "LLLG"}""", "sliding_window_pattern must be a whole number")]
    [InlineData("smollm3", """{"no_rope_layers": [1, 0]}""", "no_rope_layers has 2 entries and num_hidden_layers is 30")]
    [InlineData("smollm3", """{"no_rope_layers": [2]}""", "no_rope_layers is 2; 0 to 1 can be")]
    [InlineData("smollm3", """{"num_hidden_layers": 1, "layer_types": ["sliding_attention"], "sliding_window": 7}""", "need a window")]
    [InlineData("ministral", """{"num_hidden_layers": 1, "layer_types": ["sliding_attention"], "sliding_window": null}""", "need a window")]
    public void Read_FurtherContradictions_AreOneSentence(string family, string changes, string part)
    {
        string message = ConfigCase.Refusal(family, changes);
        Assert.StartsWith(ConfigCase.Name + ": ", message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
    }
}
