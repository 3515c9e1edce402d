using MaskLlm.Architectures;

namespace MaskLlm.Tests.Architectures.Families;

/// <summary>What an absent, a null and a contradicting key of config.json give: what transformers 5 makes of it, or a refusal.</summary>
public sealed class ModelFamilyTests
{
    private const string NoHeads = """{"num_key_value_heads": "absent"}""", NullHeads = """{"num_key_value_heads": null}""";

    [Theory]
    [InlineData("llama", NoHeads, 64)]
    [InlineData("llama", NullHeads, 64)]
    [InlineData("mistral", NoHeads, 8)]
    [InlineData("mistral", NullHeads, 64)]
    [InlineData("qwen2", NoHeads, 32)]
    [InlineData("qwen2", NullHeads, 64)]
    [InlineData("qwen3", NoHeads, 32)]
    [InlineData("qwen3", NullHeads, 64)]
    public void Read_KeyValueHeadsAbsentOrNull_AreTransformersOwn(string family, string changes, int heads) =>
        Assert.Equal(heads, ConfigCase.Read(family, changes).KeyValueHeadCount);

    [Theory]
    [InlineData("llama", 2048)]
    [InlineData("mistral", 131072)]
    [InlineData("qwen2", 32768)]
    [InlineData("qwen3", 32768)]
    public void Read_OtherKeysAbsent_AreTransformersOwn(string family, int positions)
    {
        DecoderConfig config = ConfigCase.Read(family, "{}");
        Assert.Equal(positions, config.MaxPositions);
        Assert.Equal(1e-6, config.NormEpsilon);
        Assert.Equal(new RotaryConfig(10000), config.Rotary);
        Assert.False(config.TieWordEmbeddings);
    }

    [Theory]
    [InlineData("llama", 2)]
    [InlineData("mistral", 2)]
    [InlineData("qwen2", 2)]
    [InlineData("qwen3", 128)]
    public void Read_HeadSizeAbsent_IsTheFamilys(string family, int size) =>
        Assert.Equal(size, ConfigCase.Read(family, """{"head_dim": "absent", "hidden_size": 128}""").HeadSize);

    [Theory]
    [InlineData("mistral", "{}", 4096, 4096)]
    [InlineData("mistral", """{"sliding_window": null}""", null, null)]
    [InlineData("mistral", """{"sliding_window": 7}""", 7, 7)]
    [InlineData("qwen2", "{}", null, null)]
    [InlineData("qwen2", """{"use_sliding_window": true}""", null, 4096)]
    [InlineData("qwen2", """{"use_sliding_window": true, "sliding_window": null}""", null, null)]
    [InlineData("qwen2", """{"use_sliding_window": false, "sliding_window": 7, "max_window_layers": 0}""", null, null)]
    [InlineData("qwen2", """{"use_sliding_window": null, "sliding_window": 7, "max_window_layers": 0}""", null, null)]
    [InlineData("qwen3", """{"use_sliding_window": true, "sliding_window": 7}""", null, 7)]
    [InlineData("qwen3", """{"use_sliding_window": true, "sliding_window": 7, "max_window_layers": 0}""", 7, 7)]
    [InlineData("qwen3", """{"use_sliding_window": true, "sliding_window": 7, "max_window_layers": 30}""", null, null)]
    public void Read_Windows_AreOfBlocksFromMaxWindowLayersOn(string family, string changes, int? first, int? last)
    {
        DecoderConfig config = ConfigCase.Read(family, changes);
        Assert.Equal(first, config.SlidingWindow(0));
        Assert.Equal(first, config.SlidingWindow(27));
        Assert.Equal(last, config.SlidingWindow(28));
        Assert.Equal(last, config.SlidingWindow(29));
    }

    [Fact]
    public void Read_LayerTypes_GoBeforeMaxWindowLayers()
    {
        DecoderConfig config = ConfigCase.Read("qwen2", """
            {"num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"], "use_sliding_window": true,
             "sliding_window": 7, "max_window_layers": 1}
            """);
        Assert.Equal(7, config.SlidingWindow(0));
        Assert.Null(config.SlidingWindow(1));
    }

    [Theory]
    [InlineData("llama", """{"num_hidden_layers": 1, "layer_types": ["sliding_attention"]}""", "a Llama has no window")]
    [InlineData("llama", """{"layer_types": ["full_attention"]}""", "layer_types has 1 entries and num_hidden_layers is 30")]
    [InlineData("qwen2", """{"layer_types": []}""", "layer_types has 0 entries")]
    [InlineData("qwen2", """{"layer_types": "full_attention"}""", "layer_types must be a list")]
    [InlineData("qwen2", """{"layer_types": [1]}""", "layer_types[0] must be a text")]
    [InlineData("qwen2", """{"num_hidden_layers": 1, "layer_types": ["sliding_attention"]}""", "use_sliding_window is not true")]
    [InlineData("mistral", """{"num_hidden_layers": 1, "layer_types": ["full_attention"]}""", "layer_types and sliding_window contradict")]
    [InlineData("gemma3_text", """{"sliding_window": null}""", "sliding_window is null, and blocks of sliding_attention need one")]
    [InlineData("llama", """{"quantization_config": "gptq"}""", "quantization_config must be an object, found \"gptq\"")]
    [InlineData("llama", """{"rope_scaling": [1]}""", "rope_scaling must be an object")]
    [InlineData("llama", """{"rope_parameters": "default"}""", "rope_parameters must be an object")]
    [InlineData("llama", """{"rope_scaling": {"rope_type": 3}}""", "rope_scaling.rope_type must be a text")]
    [InlineData("llama", """{"rope_scaling": {"type": "linear"}}""", "rope_scaling.factor is missing")]
    [InlineData("llama", """{"rope_scaling": {"type": "linear", "factor": "2"}}""", "rope_scaling.factor must be a finite number")]
    [InlineData("llama", """{"hidden_size": "64"}""", "hidden_size must be a whole number")]
    [InlineData("llama", """{"hidden_size": "absent"}""", "hidden_size is missing")]
    [InlineData("llama", """{"num_hidden_layers": null}""", "num_hidden_layers is null; a number is needed.")]
    [InlineData("qwen3", """{"vocab_size": null}""", "vocab_size is null; a number is needed.")]
    [InlineData("llama", """{"rope_scaling": {"type": "linear", "factor": null}}""", "rope_scaling.factor is null; a number is needed.")]
    [InlineData("llama", """{"rope_scaling": {"type": "linear", "factor": 1e-7}}""", "rope_scaling.factor is 0.0000001; 0.000001 to 1000000 can be.")]
    [InlineData("llama", """{"vocab_size": 3000000000}""", "vocab_size must be a whole number of at most 32 bits")]
    [InlineData("llama", """{"rms_norm_eps": null}""", "rms_norm_eps is null")]
    [InlineData("llama", """{"max_position_embeddings": null}""", "max_position_embeddings is null")]
    [InlineData("llama", """{"tie_word_embeddings": 1}""", "tie_word_embeddings must be true or false")]
    [InlineData("llama", """{"num_key_value_heads": 24}""", "num_attention_heads 64 is not a multiple of num_key_value_heads 24")]
    [InlineData("llama", """{"head_dim": "absent", "hidden_size": 100}""", "hidden_size 100 is not a multiple of num_attention_heads 64")]
    [InlineData("llama", """{"head_dim": 7}""", "head_dim is 7; rotary embedding needs an even number")]
    public void Read_WrongTypeOrContradiction_IsOneSentenceWithFileAndKey(string family, string changes, string part)
    {
        string message = ConfigCase.Refusal(family, changes);
        Assert.StartsWith(ConfigCase.Name + ": ", message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("hidden_size", 0, 1048577)]
    [InlineData("intermediate_size", 0, 4194305)]
    [InlineData("num_hidden_layers", 0, 2000000000)]
    [InlineData("num_attention_heads", -1, 65537)]
    [InlineData("num_key_value_heads", 0, 65537)]
    [InlineData("head_dim", 0, 16385)]
    [InlineData("vocab_size", 0, 67108865)]
    [InlineData("max_position_embeddings", 0, -1)]
    [InlineData("rms_norm_eps", 0, 2)]
    [InlineData("rope_theta", 0, 1e31)]
    [InlineData("rope_theta", -10000, 0.5)]
    [InlineData("rms_norm_eps", -1e-6, 1e-31)]
    public void Read_NumberOutOfItsRange_IsRefused(string key, double low, double high)
    {
        foreach (double value in (double[])[low, high])
        {
            string changes = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{{\"{key}\": {value:R}}}");
            string message = ConfigCase.Refusal("mistral", changes);
            Assert.StartsWith($"{ConfigCase.Name}: {key} is ", message, StringComparison.Ordinal);
            Assert.Contains(" can be.", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("mistral", """{"sliding_window": 0}""", "sliding_window is 0")]
    [InlineData("mistral", """{"sliding_window": -1}""", "sliding_window is -1")]
    [InlineData("qwen2", """{"use_sliding_window": true, "max_window_layers": -1}""", "max_window_layers is -1")]
    [InlineData("llama", """{"rope_scaling": {"type": "linear", "factor": 0}}""", "rope_scaling.factor is 0")]
    [InlineData("llama", """{"rope_scaling": {"type": "linear", "factor": -2}}""", "rope_scaling.factor is -2")]
    [InlineData("llama", """{"rope_parameters": {"rope_theta": 0}}""", "rope_parameters.rope_theta is 0")]
    [InlineData("llama", """{"rope_scaling": {"type": "llama3", "low_freq_factor": 0, "high_freq_factor": 4}}""", "low_freq_factor is 0")]
    [InlineData("llama", """{"rope_scaling": {"type": "llama3", "low_freq_factor": 4, "high_freq_factor": 4}}""", "not more than")]
    public void Read_WindowOrRotaryNumberOutOfItsRange_IsRefused(string family, string changes, string part) =>
        Assert.Contains(part, ConfigCase.Refusal(family, changes), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"hidden_act": "mish"}""", "hidden_act is mish")]
    [InlineData("""{"hidden_act": null}""", "hidden_act is null")]
    [InlineData(
        """{"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}""",
        "text_config is present, and the model of text \"gemma3_text\" is a part of \"gemma3\"; only models of text alone")]
    [InlineData("""{"quantization_config": {"quant_method": "gptq"}}""", "quantization_config is gptq")]
    [InlineData("""{"partial_rotary_factor": 0.5}""", "partial_rotary_factor is 0.5")]
    [InlineData("""{"rope_parameters": {"partial_rotary_factor": 0.25}}""", "partial_rotary_factor is 0.25")]
    [InlineData("""{"rope_scaling": {"rope_type": "spiral", "factor": 4}}""", "rope_type is \"spiral\"")]
    [InlineData("""{"rope_parameters": {"full_attention": {"rope_theta": 500}}}""", "rope_parameters.full_attention is present; one object")]
    [InlineData("""{"rope_scaling": {"rope_type": null, "factor": 4}}""", "rope_type is \"null\"")]
    [InlineData("""{"model_type": "deepseek_v2"}""", "model_type is \"deepseek_v2\"")]
    [InlineData("""{"model_type": "absent"}""", "model_type is \"\"")]
    [InlineData("""{"num_hidden_layers": 1, "layer_types": ["linear_attention"]}""", "layer_types is \"linear_attention\"")]
    public void Read_KnownButNotDone_IsNotSupported(string changes, string part) => Assert.Contains(
        part, Assert.Throws<NotSupportedException>(() => ConfigCase.Read("llama", changes)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("silu", Activation.Silu)]
    [InlineData("swish", Activation.Silu)]
    [InlineData("gelu", Activation.Gelu)]
    [InlineData("gelu_python", Activation.Gelu)]
    [InlineData("gelu_new", Activation.GeluTanh)]
    [InlineData("gelu_fast", Activation.GeluTanh)]
    [InlineData("gelu_accurate", Activation.GeluTanh)]
    [InlineData("gelu_pytorch_tanh", Activation.GeluTanh)]
    [InlineData("gelu_python_tanh", Activation.GeluTanh)]
    [InlineData("quick_gelu", Activation.QuickGelu)]
    [InlineData("relu", Activation.Relu)]
    [InlineData("relu2", Activation.ReluSquared)]
    [InlineData("tanh", Activation.Tanh)]
    public void Read_Activation_ByTransformersName(string name, Activation activation) =>
        Assert.Equal(activation, ConfigCase.Read("llama", $$"""{"hidden_act": "{{name}}"}""").Activation);

    [Fact]
    public void Read_Gemma3WithoutSlidingBlocks_NeedsNoWindow() => Assert.All(
        ConfigCase.Read("gemma3_text", """{"num_hidden_layers": 1, "layer_types": ["full_attention"], "sliding_window": null}""")
            .SlidingWindows, Assert.Null);

    [Theory]
    [InlineData("llama", true, true, true)]
    [InlineData("mistral", false, false, false)]
    [InlineData("qwen2", true, false, false)]
    [InlineData("qwen3", true, true, false)]
    public void Read_Biases_AreThoseThatTransformersMakes(string family, bool queries, bool output, bool mlp)
    {
        DecoderConfig config = ConfigCase.Read(family, """{"attention_bias": true, "mlp_bias": true}""");
        Assert.Equal((queries, output, mlp), (config.QueryKeyValueBias, config.AttentionOutputBias, config.MlpBias));
    }
}
