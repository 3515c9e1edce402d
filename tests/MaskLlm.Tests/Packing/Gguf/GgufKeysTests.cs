using System.Globalization;
using MaskLlm.Formats.Gguf;
using MaskLlm.Packing;
using MaskLlm.Tests.Formats.Gguf;
using MaskLlm.Tests.Models;

namespace MaskLlm.Tests.Packing.Gguf;

public class GgufKeysTests
{
    private const string Sizes = "vocab_size 128, context_length 64, embedding_length 32, block_count 2";
    private const string Heads = "attention.head_count 4, attention.head_count_kv 2";
    private const string EqualHeads = "attention.head_count 4, attention.head_count_kv 4, attention.key_length 8, attention.value_length 8";
    private const string Rms = "attention.layer_norm_rms_epsilon";
    private const string Narrow = "attention.key_length 8, attention.value_length 8";
    private const string Wide = "attention.key_length 16, attention.value_length 16";

    [Theory]
    [InlineData("gemma", "gemma", $"{Sizes}, feed_forward_length 64, {Heads}, {Wide}, {Rms} 1E-06, "
        + "rope.dimension_count 16, rope.freq_base 10000")]
    [InlineData("gemma2", "gemma2", $"{Sizes}, feed_forward_length 64, {Heads}, {Wide}, {Rms} 1E-06, attention.sliding_window 8, "
        + "attention.sliding_window_pattern 2, rope.dimension_count 16, rope.freq_base 10000, "
        + "attn_logit_softcapping 50, final_logit_softcapping 30")]
    [InlineData("gemma3", "gemma3", "vocab_size 128, context_length 64, embedding_length 32, block_count 3, feed_forward_length 64, "
        + $"{Heads}, {Wide}, {Rms} 1E-06, attention.sliding_window 8, attention.sliding_window_pattern 3, "
        + "rope.dimension_count 16, rope.freq_base 1000000, rope.freq_base_swa 10000")]
    [InlineData("gpt2", "gpt2", $"{Sizes}, feed_forward_length 128, {EqualHeads}, attention.layer_norm_epsilon 1E-05")]
    [InlineData("gpt-neox-parallel", "gptneox", $"{Sizes}, feed_forward_length 128, use_parallel_residual True, {EqualHeads}, "
        + "attention.layer_norm_epsilon 1E-05, rope.dimension_count 2, rope.freq_base 10000")]
    [InlineData("gpt-neox-sequential", "gptneox", $"{Sizes}, feed_forward_length 128, use_parallel_residual False, {EqualHeads}, "
        + "attention.layer_norm_epsilon 1E-05, rope.dimension_count 4, rope.freq_base 10000")]
    [InlineData("granite", "granite", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1E-06, rope.dimension_count 8, "
        + "rope.freq_base 10000, embedding_scale 12, attention.scale 0.0078125, residual_scale 0.22, logit_scale 8")]
    [InlineData("nemotron", "nemotron", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, attention.layer_norm_epsilon 1E-05, "
        + "rope.dimension_count 4, rope.freq_base 10000")]
    [InlineData("olmo2", "olmo2", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1E-05, "
        + "rope.dimension_count 8, rope.freq_base 10000")]
    [InlineData("phi3", "phi3", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1E-05, "
        + "rope.dimension_count 8, rope.freq_base 10000")]
    [InlineData("phi3-longrope", "phi3", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1E-05, rope.dimension_count 8, "
        + "rope.freq_base 10000, rope.scaling.type longrope, rope.scaling.original_context_length 16, rope.scaling.attn_factor 1.2247449")]
    [InlineData("llama-yarn", "llama", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1E-06, rope.dimension_count 8, "
        + "rope.freq_base 10000, rope.scaling.type yarn, rope.scaling.factor 4, rope.scaling.original_context_length 16")]
    [InlineData("mistral-sliding", "llama", "vocab_size 128, context_length 8, embedding_length 32, block_count 2, feed_forward_length 64, "
        + $"{Heads}, {Narrow}, {Rms} 1E-06, rope.dimension_count 8, rope.freq_base 10000")]
    public void Write_Family_HasItsKeysAndNoOthers(string model, string architecture, string expected)
    {
        GgufFile file = Write(ModelMasks.Folder(model)).File;
        Assert.Equal(architecture, file.Fields["general.architecture"]);
        string prefix = architecture + ".";
        Assert.Equal(expected, string.Join(", ", file.Fields.Where(field => field.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(field => string.Create(CultureInfo.InvariantCulture, $"{field.Key[prefix.Length..]} {field.Value}"))));
    }

    [Theory]
    [InlineData("llama-yarn", "\"factor\": 4.0", "\"factor\": 4.0, \"attention_factor\": 1.5", "rope.scaling.attn_factor", 1.3173733f)]
    [InlineData("gemma3", "\"final_logit_softcapping\": null", "\"final_logit_softcapping\": 20.0", "final_logit_softcapping", 20f)]
    [InlineData("gemma2", "\"sliding_window\": 8", "\"sliding_window\": null", "attention.sliding_window", 64u)]
    public void Write_ChangedConfiguration_IsInTheKey(string model, string from, string to, string key, object expected)
    {
        using TemporaryFolder folder = new();
        GgufFile file = Write(Changed(folder, model, from, to)).File;
        Assert.Equal(expected, file.Fields[$"{file.Fields["general.architecture"]}.{key}"]);
    }

    [Theory]
    [InlineData("gemma3", "\"sliding_attention\",", "\"full_attention\",", "attention.sliding_window")]
    [InlineData("llama-yarn", "\"factor\": 4.0", "\"factor\": 4.0, \"attention_factor\": 1.138629436111989", "rope.scaling.attn_factor")]
    public void Write_WhatLlamaCppAssumes_HasNoKey(string model, string from, string to, string key)
    {
        using TemporaryFolder folder = new();
        GgufFile file = Write(Changed(folder, model, from, to)).File;
        Assert.DoesNotContain($"{file.Fields["general.architecture"]}.{key}", file.Fields.Keys);
    }

    /// <summary>An architecture that finds its head in a tensor of its own alone gets the embedding there too.</summary>
    [Theory]
    [InlineData("gpt-neox-parallel")]
    [InlineData("nemotron")]
    [InlineData("olmo2")]
    public void Write_TiedHeadThatLlamaCppLooksFor_IsWrittenTwice(string model)
    {
        using TemporaryFolder folder = new();
        const string Tie = "\"tie_word_embeddings\": ";
        string changed = Changed(folder, model, $"{Tie}false", $"{Tie}true", "embed_out.weight", "lm_head.weight");
        GgufFile file = Write(changed).File;
        Assert.Equal(file.Values("token_embd.weight"), file.Values("output.weight"));
        Assert.DoesNotContain("output.weight", Write(ModelMasks.Folder("gemma")).File.Tensors.Keys);
    }

    [Theory]
    [InlineData("qwen3", "\"attention_bias\": false", "\"attention_bias\": true", "no such biases")]
    [InlineData("gemma", "\"attention_bias\": false", "\"attention_bias\": true", "no such biases")]
    [InlineData("olmo2", "\"attention_bias\": false", "\"attention_bias\": true", "no such biases")]
    [InlineData("gpt-neox-parallel", "\"attention_bias\": true", "\"attention_bias\": false", "loads no file without them")]
    [InlineData("qwen2", "\"rope_type\": \"default\"", Llama3,
        "rope_type is llama3, which llama.cpp's qwen2 does not compute; default, linear, yarn it does")]
    [InlineData("olmo2", "\"rope_type\": \"default\"", Llama3, "rope_type is llama3")]
    [InlineData("llama-yarn", "\"factor\": 4.0", "\"factor\": 4.0, \"truncate\": false", "truncate of yarn is false")]
    [InlineData("llama-yarn", "\"factor\": 4.0", "\"factor\": 4.0, \"beta_fast\": 16", "beta_fast and beta_slow of yarn are 16 and 1")]
    [InlineData("llama-yarn", "\"factor\": 4.0", "\"factor\": 4.0, \"beta_slow\": 2", "are 32 and 2, and llama.cpp's llama takes 32 and 1")]
    [InlineData("gemma", "\"rope_type\": \"default\"", Llama3, "rope_type is llama3")]
    [InlineData("llama-dynamic", "\"factor\": 2.0", "\"factor\": 2.0", "rope_type is dynamic")]
    [InlineData("gemma2", "\"query_pre_attn_scalar\": 16", "\"query_pre_attn_scalar\": 64",
        "attention is scaled by 0.125, and llama.cpp's gemma2 scales it by 0.25")]
    [InlineData("gemma3", "\"query_pre_attn_scalar\": 16", "\"query_pre_attn_scalar\": 64", "attention is scaled by 0.125")]
    [InlineData("gemma2", "\"attn_logit_softcapping\": 50.0", "\"attn_logit_softcapping\": null", "always caps")]
    [InlineData("gemma2", "\"final_logit_softcapping\": 30.0", "\"final_logit_softcapping\": null", "always caps")]
    [InlineData("gemma3", "\"attn_logit_softcapping\": null", "\"attn_logit_softcapping\": 50.0", "does not cap attention")]
    [InlineData("gpt2", "\"scale_attn_by_inverse_layer_idx\": false", "\"scale_attn_by_inverse_layer_idx\": true",
        "scales all blocks alike")]
    [InlineData("gpt2", "\"scale_attn_weights\": true", "\"scale_attn_weights\": false", "attention is scaled by 1")]
    [InlineData("gpt2", "\"gelu_new\"", "\"silu\"", "the activation is Silu, and llama.cpp's gpt2 computes GeluTanh")]
    [InlineData("llama-gqa-tied", "\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"",
        "the activation is Gelu, and llama.cpp's llama computes Silu")]
    public void Write_WhatLlamaCppDoesNotCompute_IsRefused(string model, string from, string to, string expected)
    {
        using TemporaryFolder folder = new();
        string changed = Changed(folder, model, from, to);
        string message = Assert.Throws<NotSupportedException>(() => Write(changed)).Message;
        Assert.StartsWith(Path.Combine(changed, "config.json") + ": ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.EndsWith("The runtime runs it: `maskllm export MODEL --format runtime`.", message, StringComparison.Ordinal);
    }

    /// <summary>The last of a period sees all tokens; here the first does.</summary>
    [Fact]
    public void Write_WindowsWithoutAPeriod_IsRefused()
    {
        using TemporaryFolder folder = new();
        string changed = Copied(folder, "gemma3", text =>
        {
            int from = text.IndexOf("\"layer_types\"", StringComparison.Ordinal), to = text.IndexOf(']', from);
            return text[..from] + "\"layer_types\": [\"full_attention\", \"sliding_attention\", \"full_attention\"" + text[to..];
        });
        string message = Assert.Throws<NotSupportedException>(() => Write(changed)).Message;
        Assert.Contains("layer_types has no period", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt-neox-parallel", "takes its approximation by tanh")]
    [InlineData("phi3-longrope", "open a context of at most 16")]
    [InlineData("mistral-sliding", "sees 8 tokens")]
    public void Write_WhatLlamaCppComputesOtherwise_IsSaid(string model, string expected) =>
        Assert.Contains(Write(ModelMasks.Folder(model)).Report.Notes, note => note.Contains(expected, StringComparison.Ordinal));

    private const string Llama3 =
        "\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, "
        + "\"original_max_position_embeddings\": 16";

    private static (GgufFile File, GgufReport Report) Write(string model)
    {
        using TemporaryFolder folder = new();
        string file = folder.File("a.gguf");
        GgufReport report = GgufExport.Write(model, null, GgufType.Float32, file, null, TestContext.Current.CancellationToken);
        return (new GgufFile(file), report);
    }

    // The fixture with another configuration, less some tensors.
    private static string Changed(TemporaryFolder folder, string model, string from, string to, params string[] without) => Copied(
        folder, model,
        text =>
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            return text.Replace(from, to, StringComparison.Ordinal);
        },
        without);

    private static string Copied(TemporaryFolder folder, string model, Func<string, string> change, params string[] without)
    {
        Directory.CreateDirectory(folder.File(model));
        string text = File.ReadAllText(Path.Combine(ModelMasks.Folder(model), "config.json"));
        File.WriteAllText(folder.File($"{model}/config.json"), change(text));
        GgufFixture.CopyWeights(ModelMasks.Folder(model), folder.File($"{model}/model.safetensors"), without);
        return folder.File(model);
    }
}
