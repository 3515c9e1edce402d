using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;

namespace MaskLlm.Tests.Architectures.Families;

/// <summary>Configurations of published checkpoints, and what a family makes of keys that are absent or of older spelling.</summary>
public sealed partial class HubConfigTests
{
    private const string Ones48 = "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]";

    [Fact]
    public void Gpt2_OfTheFirstSize()
    {
        DecoderConfig config = Read("""
            {"model_type": "gpt2", "activation_function": "gelu_new", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12,
             "n_positions": 1024,
             "layer_norm_epsilon": 1e-5, "vocab_size": 50257}
            """);
        Assert.Equal((768, 3072, 12), (config.HiddenSize, config.IntermediateSize, config.BlockCount));
        Assert.Equal((12, 12, 64), (config.HeadCount, config.KeyValueHeadCount, config.HeadSize));
        Assert.Equal((1024, 50257, 1e-5), (config.MaxPositions, config.VocabularySize, config.NormEpsilon));
        Assert.Equal((NormKind.Layer, Activation.GeluTanh, true), (config.Norm, config.Activation, config.TieWordEmbeddings));
        Assert.Null(config.Rotary);
        Assert.Equal(0.125, config.AttentionScaleOf(3));
        Assert.Equal(0.125 / 4, (config with { AttentionScaleFallsByBlock = true }).AttentionScaleOf(3));
    }

    [Fact]
    public void Pythia_TurnsAQuarterOfAHead()
    {
        DecoderConfig config = Read("""
            {"model_type": "gpt_neox", "hidden_act": "gelu", "hidden_size": 512, "intermediate_size": 2048, "layer_norm_eps": 1e-5,
             "max_position_embeddings": 2048, "num_attention_heads": 8, "num_hidden_layers": 6, "rotary_emb_base": 10000,
             "rotary_pct": 0.25,
             "tie_word_embeddings": false, "use_parallel_residual": true, "vocab_size": 50304}
            """);
        Assert.Equal(new RotaryConfig(10000, Fraction: 0.25), config.Rotary);
        Assert.Equal(16, config.Rotary!.Dimensions(config.HeadSize));
        Assert.Equal((Activation.Gelu, true, false), (config.Activation, config.IsParallel, config.TieWordEmbeddings));
        Assert.Equal((true, true, true), (config.QueryKeyValueBias, config.AttentionOutputBias, config.MlpBias));
    }

    [Theory]
    [InlineData("{}", 10000, 0.25)]
    [InlineData("""{"rotary_emb_base": 500, "rotary_pct": 1.0}""", 500, 1)]
    [InlineData("""{"rope_theta": 700}""", 10000, 0.25)]
    [InlineData("""{"rope_parameters": {"rope_theta": 700, "rope_type": "default", "partial_rotary_factor": 0.5}}""", 700, 0.5)]
    [InlineData("""{"rope_parameters": {"rope_type": "default"}, "rotary_emb_base": 500, "rotary_pct": 0.5}""", 500, 0.5)]
    public void GptNeox_Rotary_GoesByItsOwnKeys(string changes, double theta, double fraction)
    {
        JsonObject merged = JsonNode.Parse(changes)!.AsObject();
        merged["num_key_value_heads"] = "absent";
        Assert.Equal(new RotaryConfig(theta, Fraction: fraction), ConfigCase.Read("gpt_neox", merged.ToJsonString()).Rotary);
    }

    [Fact]
    public void Gemma_2b()
    {
        DecoderConfig config = Read("""
            {"model_type": "gemma", "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "hidden_size": 2048, "intermediate_size": 16384,
             "max_position_embeddings": 8192, "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1,
             "rms_norm_eps": 1e-6,
             "rope_theta": 10000.0, "rope_scaling": null, "hidden_activation": null, "vocab_size": 256000}
            """);
        Assert.Equal((8, 1, 256, Math.Sqrt(2048)), (config.HeadCount, config.KeyValueHeadCount, config.HeadSize, config.EmbeddingScale));
        Assert.Equal((true, true, Activation.GeluTanh), (config.NormAddsOne, config.TieWordEmbeddings, config.Activation));
        Assert.Equal(1.0 / 16, config.AttentionScaleOf(0));
    }

    // transformers 5 reads hidden_act alone.
    [Theory]
    [InlineData("{}", Activation.GeluTanh, 0)]
    [InlineData("""{"hidden_act": "gelu", "hidden_activation": null}""", Activation.Gelu, 0)]
    [InlineData("""{"hidden_act": "gelu", "hidden_activation": "gelu_pytorch_tanh"}""", Activation.Gelu, 1)]
    [InlineData("""{"hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh"}""", Activation.GeluTanh, 0)]
    public void Gemma_Activation_IsThatOfHiddenAct(string changes, Activation activation, int notes)
    {
        ConfigFile file = ConfigCase.File("gemma", changes);
        Assert.Equal(activation, ModelFamily.Read(file).Activation);
        Assert.Equal(notes, file.Notes.Count);
    }

    [Theory]
    [InlineData("gemma")]
    [InlineData("gemma2")]
    [InlineData("gemma3_text")]
    public void Gemma_Bidirectional_IsRefused(string family)
    {
        Assert.Contains("use_bidirectional_attention is true", Assert.Throws<NotSupportedException>(
            () => ConfigCase.Read(family, """{"use_bidirectional_attention": true}""")).Message, StringComparison.Ordinal);
        ConfigCase.Read(family, """{"use_bidirectional_attention": null}""");
    }

    [Fact]
    public void Gemma2_2b()
    {
        DecoderConfig config = Read("""
            {"model_type": "gemma2", "attn_logit_softcapping": 50.0, "cache_implementation": "hybrid", "final_logit_softcapping": 30.0,
             "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304,
             "intermediate_size": 9216,
             "max_position_embeddings": 8192, "num_attention_heads": 8, "num_hidden_layers": 26, "num_key_value_heads": 4,
             "query_pre_attn_scalar": 224, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "sliding_window": 4096, "vocab_size": 256000}
            """);
        Assert.Equal((50.0, 30.0), (config.AttentionSoftCap, config.LogitSoftCap));
        Assert.Equal([4096, null, 4096], config.SlidingWindows.Take(3));
        Assert.Equal(1 / Math.Sqrt(224), config.AttentionScaleOf(0));
        DecoderConfig uncapped = ConfigCase.Read(
            "gemma2", """{"attn_logit_softcapping": null, "final_logit_softcapping": null, "sliding_window": null}""");
        Assert.Equal((null, null), (uncapped.AttentionSoftCap, uncapped.LogitSoftCap));
        Assert.All(uncapped.SlidingWindows, Assert.Null);
        DecoderConfig bare = ConfigCase.Read("gemma2", """{"num_key_value_heads": "absent", "head_dim": "absent"}""");
        Assert.Equal((4, 256, 50.0, 30.0), (bare.KeyValueHeadCount, bare.HeadSize, bare.AttentionSoftCap, bare.LogitSoftCap));
    }

    [Fact]
    public void Gemma3_1b()
    {
        DecoderConfig config = Read("""
            {"model_type": "gemma3_text", "attn_logit_softcapping": null, "final_logit_softcapping": null, "head_dim": 256,
             "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 1152, "intermediate_size": 6912, "max_position_embeddings": 32768,
             "num_attention_heads": 4, "num_hidden_layers": 26, "num_key_value_heads": 1, "query_pre_attn_scalar": 256,
             "rms_norm_eps": 1e-6,
             "rope_local_base_freq": 10000, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": 512, "sliding_window_pattern": 6,
             "vocab_size": 262144}
            """);
        Assert.Equal((new RotaryConfig(1e6), new RotaryConfig(10000)), (config.Rotary, config.WindowRotary));
        Assert.Equal([512, 512, 512, 512, 512, null, 512], config.SlidingWindows.Take(7));
        Assert.Equal((null, null), (config.AttentionSoftCap, config.LogitSoftCap));
        Assert.Equal((QueryKeyNorm.Head, true), (config.QueryKeyNorm, config.TieWordEmbeddings));
    }

    // rope_scaling is of the blocks without a window alone.
    [Theory]
    [InlineData("{}", 1e6, 10000, 1)]
    [InlineData("""{"rope_theta": 500, "rope_local_base_freq": 70}""", 500, 70, 1)]
    [InlineData("""{"rope_scaling": {"rope_type": "linear", "factor": 8.0}}""", 1e6, 10000, 8)]
    [InlineData("""
        {"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 4, "rope_theta": 900},
             "sliding_attention": {"rope_theta": 80}}}
        """, 900, 80, 4)]
    [InlineData("""
        {"rope_parameters": {"full_attention": {"rope_theta": 900}}, "rope_scaling": {"rope_type": "linear", "factor": 8},
         "rope_local_base_freq": 70}
        """, 900, 70, 8)]
    public void Gemma3_Rotary_IsReadByKindOfBlock(string changes, double full, double sliding, double factor)
    {
        ConfigFile file = ConfigCase.File("gemma3_text", changes);
        DecoderConfig config = ModelFamily.Read(file);
        Assert.Equal(new RotaryConfig(full, factor == 1 ? null : new RotaryScaling(RotaryScalingKind.Linear, factor)), config.Rotary);
        Assert.Equal(new RotaryConfig(sliding), config.WindowRotary);
        Assert.Empty(file.Notes);
    }

    [Fact]
    public void Phi3Mini_4k()
    {
        DecoderConfig config = Read("""
            {"model_type": "phi3", "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192, "max_position_embeddings": 4096,
             "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096,
             "rms_norm_eps": 1e-5, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": 2047, "tie_word_embeddings": false,
             "vocab_size": 32064}
            """);
        Assert.Equal((96, 2047, 2047), (config.HeadSize, config.SlidingWindow(0), config.SlidingWindow(31)));
        Assert.Equal(new RotaryConfig(10000), config.Rotary);
    }

    [Theory]
    [InlineData("longrope")]
    [InlineData("su")]
    [InlineData("yarn")]
    public void Phi3Mini_128k_KeepsTheLengthOfAttentionByTheRatioOfLengths(string spelling)
    {
        DecoderConfig config = Read($$"""
            {"model_type": "phi3", "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192, "max_position_embeddings": 131072,
             "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096,
             "rms_norm_eps": 1e-5, "rope_scaling": {"long_factor": {{Ones48}},
             "short_factor": {{Ones48}}, "type": "{{spelling}}"}, "rope_theta": 10000.0,
             "sliding_window": 262144, "tie_word_embeddings": false, "vocab_size": 32064}
            """);
        RotaryScaling scaling = config.Rotary!.Scaling!;
        Assert.Equal((RotaryScalingKind.LongRope, 32.0, 4096), (scaling.Kind, scaling.Factor, scaling.OriginalMaxPositions));
        // sqrt(1 + ln 32 / ln 4096): 5 and 12 powers of two.
        Assert.Equal(Math.Sqrt(1 + 5.0 / 12), scaling.AttentionFactor, 1e-12);
    }

    [Fact]
    public void Phi4Mini_TurnsThreeQuartersOfAHead()
    {
        DecoderConfig config = Read($$"""
            {"model_type": "phi3", "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192, "max_position_embeddings": 131072,
             "num_attention_heads": 24, "num_hidden_layers": 32, "num_key_value_heads": 8, "original_max_position_embeddings": 4096,
             "partial_rotary_factor": 0.75, "rms_norm_eps": 1e-5, "rope_scaling": {"long_factor": {{Ones48}},
             "short_factor": {{Ones48}}, "type": "longrope"},
             "rope_theta": 10000.0, "sliding_window": 262144, "tie_word_embeddings": true, "vocab_size": 200064}
            """);
        Assert.Equal((128, 96), (config.HeadSize, config.Rotary!.Dimensions(config.HeadSize)));
        Assert.True(config.TieWordEmbeddings);
    }

    // Phi-3's configuration has a length of its own, 4096 by default, which goes before the one among the settings.
    [Theory]
    [InlineData("", "", 4096, 8)]
    [InlineData("", "\"original_max_position_embeddings\": 16, ", 4096, 8)]
    [InlineData("\"original_max_position_embeddings\": 8192, ", "", 8192, 4)]
    [InlineData("", "\"factor\": 2, ", 4096, 2)]
    public void Phi3_LongRope_TakesTheOriginalLengthBesideTheSettings(string beside, string inside, int original, double factor)
    {
        string changes = "{" + beside + "\"max_position_embeddings\": 32768, \"rope_scaling\": {" + inside
            + "\"type\": \"longrope\", \"short_factor\": [1, 1, 1, 1], \"long_factor\": [2, 2, 2, 2]}}";
        RotaryScaling scaling = ConfigCase.Read("phi3", changes).Rotary!.Scaling!;
        Assert.Equal((original, factor), (scaling.OriginalMaxPositions, scaling.Factor));
    }

    [Theory]
    [InlineData("phi3", "short_factor has 3 numbers and 4 pairs of a head are turned")]
    [InlineData("llama", "short_factor has 3 numbers and 4 pairs of a head are turned")]
    public void LongRope_OfAnotherCountOfFactors_IsRefused(string family, string part)
    {
        const string Three =
            """{"rope_scaling": {"rope_type": "longrope", "factor": 4, "short_factor": [1, 1, 1], "long_factor": [1, 1, 1, 1]}}""";
        Assert.Contains(part, ConfigCase.Refusal(family, Three), StringComparison.Ordinal);
    }

    [Fact]
    public void Phi3_OtherScalings_AreNotSupported() => Assert.Contains(
        "default and longrope", Assert.Throws<NotSupportedException>(
            () => ConfigCase.Read("phi3", """{"rope_scaling": {"type": "linear", "factor": 2}}""")).Message, StringComparison.Ordinal);

    [Fact]
    public void Olmo2_1b()
    {
        DecoderConfig config = Read("""
            {"model_type": "olmo2", "attention_bias": false, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192,
             "max_position_embeddings": 4096, "num_attention_heads": 16, "num_hidden_layers": 16, "num_key_value_heads": 16,
             "rms_norm_eps": 1e-6,
             "rope_scaling": null, "rope_theta": 500000, "tie_word_embeddings": false, "vocab_size": 100352}
            """);
        Assert.Equal((QueryKeyNorm.Whole, 1e-6, new RotaryConfig(500000)), (config.QueryKeyNorm, config.NormEpsilon, config.Rotary));
    }

    [Fact]
    public void Granite_2b()
    {
        DecoderConfig config = Read("""
            {"model_type": "granite", "attention_bias": false, "attention_dropout": 0.1, "attention_multiplier": 0.015625,
             "embedding_multiplier": 12.0,
             "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192, "logits_scaling": 8.0, "max_position_embeddings": 131072,
             "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 8, "residual_multiplier": 0.22,
             "rms_norm_eps": 1e-5, "rope_scaling": null, "rope_theta": 5000000.0, "tie_word_embeddings": true, "vocab_size": 49155}
            """);
        Assert.Equal((12.0, 0.015625), (config.EmbeddingScale, config.AttentionScaleOf(5)));
        Assert.Equal((0.22, 8.0), (config.ResidualMultiplier, config.LogitDivisor));
        DecoderConfig bare = ConfigCase.Read("granite", "{}");
        Assert.Equal((1.0, 1.0, 1.0, 1.0), (bare.EmbeddingScale, bare.AttentionScaleOf(0), bare.ResidualMultiplier, bare.LogitDivisor));
    }

    [Fact]
    public void Minitron_4b()
    {
        DecoderConfig config = Read("""
            {"model_type": "nemotron", "attention_bias": false, "head_dim": 128, "hidden_act": "relu2", "hidden_size": 3072,
             "intermediate_size": 9216,
             "max_position_embeddings": 4096, "mlp_bias": false, "norm_eps": 1e-5, "num_attention_heads": 24, "num_hidden_layers": 32,
             "num_key_value_heads": 8, "partial_rotary_factor": 0.5, "rope_theta": 10000.0, "tie_word_embeddings": false,
             "vocab_size": 256000}
            """);
        Assert.Equal((Activation.ReluSquared, NormKind.Layer, true), (config.Activation, config.Norm, config.NormAddsOne));
        Assert.Equal(64, config.Rotary!.Dimensions(config.HeadSize));
    }

    [Theory]
    [InlineData("cohere", 8192, 1e-5, true, 64, 2)]
    [InlineData("cohere2", 8192, 1e-5, true, 64, 2)]
    [InlineData("exaone4", 2048, 1e-5, false, 32, 2)]
    [InlineData("gemma", 8192, 1e-6, true, 16, 256)]
    [InlineData("gemma2", 8192, 1e-6, true, 4, 256)]
    [InlineData("gemma3_text", 131072, 1e-6, true, 4, 256)]
    [InlineData("glm4", 131072, 1.5625e-7, false, 2, 128)]
    [InlineData("gpt_neox", 2048, 1e-5, false, 64, 2)]
    [InlineData("granite", 2048, 1e-6, false, 64, 2)]
    [InlineData("ministral", 131072, 1e-6, false, 8, 2)]
    [InlineData("nemotron", 4096, 1e-5, false, 64, 2)]
    [InlineData("olmo2", 2048, 1e-5, false, 64, 2)]
    [InlineData("phi", 2048, 1e-5, false, 64, 2)]
    [InlineData("phi3", 4096, 1e-5, false, 64, 2)]
    [InlineData("seed_oss", 524288, 1e-6, false, 8, 128)]
    [InlineData("smollm3", 32768, 1e-6, true, 4, 2)]
    [InlineData("stablelm", 4096, 1e-5, false, 32, 2)]
    [InlineData("starcoder2", 4096, 1e-5, true, 2, 2)]
    public void Read_KeysAbsent_AreTransformersOwn(string family, int positions, double epsilon, bool ties, int keyValueHeads, int headSize)
    {
        DecoderConfig config = ConfigCase.Read(family, """
            {"num_key_value_heads": "absent", "head_dim": "absent", "hidden_size": 128, "partial_rotary_factor": 1, "rotary_pct": 1}
            """);
        Assert.Equal((positions, epsilon, ties), (config.MaxPositions, config.NormEpsilon, config.TieWordEmbeddings));
        Assert.Equal((keyValueHeads, headSize), (config.KeyValueHeadCount, config.HeadSize));
    }

    // 0.1 ln(factor) + 1, or the quotient of two where both scales are there and not zero.
    [Theory]
    [InlineData("", 1.1386294361119891)]
    [InlineData("\"attention_factor\": 1.5, ", 1.5)]
    [InlineData("\"attention_factor\": null, \"beta_fast\": null, \"beta_slow\": null, ", 1.1386294361119891)]
    [InlineData("\"mscale\": 1.0, \"mscale_all_dim\": 1.0, ", 1)]
    [InlineData("\"mscale\": 2.0, \"mscale_all_dim\": 1.0, ", 1.1217511437)]
    [InlineData("\"mscale\": 1.0, \"mscale_all_dim\": 0, ", 1.1386294361119891)]
    [InlineData("\"mscale\": 0.707, ", 1.1386294361119891)]
    public void Yarn_AttentionFactor_InEverySpelling(string keys, double factor)
    {
        RotaryScaling scaling = ConfigCase.Read("llama", "{\"rope_scaling\": {" + keys
            + "\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 512}}").Rotary!.Scaling!;
        Assert.Equal(factor, scaling.AttentionFactor, 1e-6);
        Assert.Equal((32.0, 1.0), (scaling.BetaFast, scaling.BetaSlow));
    }

    private static DecoderConfig Read(string json)
    {
        ConfigFile file = new(ConfigCase.Name, Encoding.UTF8.GetBytes(json));
        DecoderConfig config = ModelFamily.Read(file);
        Assert.Empty(file.Notes);
        return config;
    }
}
