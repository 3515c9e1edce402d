using System.Globalization;
using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;
using MaskLlm.Packing;
using MaskLlm.Packing.Gguf;
using MaskLlm.Tests.Formats.Gguf;
using MaskLlm.Tests.Models;

namespace MaskLlm.Tests.Packing.Gguf;

public class GgufKeysTests
{
    private const string Sizes = "vocab_size 128, context_length 64, embedding_length 32, block_count 2";
    private const string Heads = "attention.head_count 4, attention.head_count_kv 2";
    private const string EqualHeads = "attention.head_count 4, attention.head_count_kv 4, attention.key_length 8, attention.value_length 8";
    private const string Rms = "attention.layer_norm_rms_epsilon";
    private const string Layer = "attention.layer_norm_epsilon 1E-05";
    private const string Rope8 = "rope.dimension_count 8, rope.freq_base 10000";
    private const string Narrow = "attention.key_length 8, attention.value_length 8";
    private const string Wide = "attention.key_length 16, attention.value_length 16";

    [Theory]
    [InlineData("bloom", "bloom", "vocab_size 128, context_length 2048, embedding_length 32, block_count 2, feed_forward_length 128, "
        + $"{EqualHeads}, {Layer}")]
    [InlineData("cohere", "command-r", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Layer}, {Rope8}, logit_scale 0.0625")]
    [InlineData("cohere2", "cohere2", "vocab_size 128, context_length 64, embedding_length 32, block_count 4, feed_forward_length 64, "
        + $"{Heads}, {Narrow}, {Layer}, attention.sliding_window 8, attention.sliding_window_pattern 4, {Rope8}, logit_scale 0.25")]
    [InlineData("falcon", "falcon", $"{Sizes}, feed_forward_length 128, {Heads}, {Narrow}, {Layer}, {Rope8}")]
    [InlineData("glm4", "glm4", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1.5625E-07, rope.dimension_count 4, "
        + "rope.freq_base 10000")]
    [InlineData("ministral", "llama", "vocab_size 128, context_length 8, embedding_length 32, block_count 2, feed_forward_length 64, "
        + $"{Heads}, {Narrow}, {Rms} 1E-06, {Rope8}")]
    [InlineData("phi", "phi2", $"{Sizes}, feed_forward_length 64, {EqualHeads}, {Layer}, rope.dimension_count 4, rope.freq_base 10000")]
    [InlineData("seed-oss", "seed_oss", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Rms} 1E-06, {Rope8}")]
    [InlineData("stablelm", "stablelm", $"{Sizes}, feed_forward_length 64, {Heads}, {Narrow}, {Layer}, rope.dimension_count 2, "
        + "rope.freq_base 10000")]
    [InlineData("starcoder2", "starcoder2", "vocab_size 128, context_length 8, embedding_length 32, block_count 2, "
        + $"feed_forward_length 64, {Heads}, {Narrow}, {Layer}, {Rope8}")]
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
    [InlineData("gptj", "\"gptj\"", "\"gptj\"",
        "model_type is gptj; GGUF files are written for bloom, cohere, cohere2, deepseek_v3, exaone4, falcon")]
    [InlineData("exaone4", "\"exaone4\"", "\"exaone4\"",
        "queries and keys of block 3 are not turned, and llama.cpp's exaone4 turns all")]
    [InlineData("smollm3", "\"smollm3\"", "\"smollm3\"",
        "queries and keys are turned in other blocks than those of llama.cpp's smollm3, which turns all but every 4th")]
    [InlineData("falcon", "\"bias\": false", "\"bias\": true", "no such biases")]
    [InlineData("cohere", "\"attention_bias\": false", "\"attention_bias\": true", "no such biases")]
    [InlineData("starcoder2", "\"use_bias\": true", "\"use_bias\": false", "loads no file without them")]
    [InlineData("phi", "\"qk_layernorm\": false", "\"qk_layernorm\": true",
        "queries and keys have norms, and in llama.cpp's phi2 they have none")]
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

    [Fact]
    public void Require_PlanOfAnotherOrder_IsRefused()
    {
        DecoderConfig falcon = CheckpointConfig.Read(ModelMasks.Folder("falcon"));
        DecoderConfig cohere = CheckpointConfig.Read(ModelMasks.Folder("cohere"));
        Assert.Contains(
            "llama.cpp's falcon computes them side by side", Refusal(falcon with { IsParallel = false }), StringComparison.Ordinal);
        Assert.Contains(
            "llama.cpp's command-r asks for them from 64 blocks on", Refusal(cohere with { BlockCount = 64 }), StringComparison.Ordinal);
        GgufRequirements.Require("folder", cohere with { BlockCount = 63 });

        static string Refusal(DecoderConfig config) =>
            Assert.Throws<NotSupportedException>(() => GgufRequirements.Require("folder", config)).Message;
    }

    /// <summary>Of SmolLM3 llama.cpp turns all blocks but every fourth, whatever the file would say.</summary>
    [Fact]
    public void Write_SmolLm3ThatLlamaCppTurns_HasItsRowsAndKeys()
    {
        using TemporaryFolder folder = new();
        string changed = Copied(folder, "smollm3", text =>
        {
            int from = text.IndexOf("\"no_rope_layers\"", StringComparison.Ordinal), to = text.IndexOf(']', from);
            return text[..from] + "\"no_rope_layers\": [1, 1, 1, 0" + text[to..];
        });
        GgufFile file = Write(changed).File;
        Assert.Equal(("smollm3", 8u), (file.Fields["general.architecture"], file.Fields["smollm3.rope.dimension_count"]));
        const string Name = "model.layers.3.self_attn.q_proj.weight";
        using TorchSharp.DisposeScope scope = TorchSharp.torch.NewDisposeScope();
        DecoderConfig config = CheckpointConfig.Read(changed);
        Assert.Equal(
            GgufLayout.Floats(GgufLayout.InFileOrder(config, Name, GgufLayout.Tensors("smollm3")[Name])),
            file.Values("blk.3.attn_q.weight"));
    }

    /// <summary>EXAONE 4 without windows, whose norms are of what attention and MLP give.</summary>
    [Fact]
    public void Write_Exaone4WithoutWindows_HasItsNorms()
    {
        using TemporaryFolder folder = new();
        string changed = Copied(folder, "exaone4", text =>
        {
            int from = text.IndexOf("\"layer_types\"", StringComparison.Ordinal), to = text.IndexOf(']', from);
            return (text[..from] + "\"unread\": [" + text[to..])
                .Replace("\"sliding_window\": 8", "\"sliding_window\": null", StringComparison.Ordinal);
        });
        GgufFile file = Write(changed).File;
        Assert.Equal(("exaone4", 64u), (file.Fields["general.architecture"], file.Fields["exaone4.context_length"]));
        using TorchSharp.DisposeScope scope = TorchSharp.torch.NewDisposeScope();
        Dictionary<string, TorchSharp.torch.Tensor> tensors = GgufLayout.Tensors("exaone4");
        foreach ((string own, string name) in new[]
        {
            ("post_attention_layernorm", "post_attention_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
            ("self_attn.q_norm", "attn_q_norm"), ("mlp.gate_proj", "ffn_gate"),
        })
            Assert.Equal(GgufLayout.Floats(tensors[$"model.layers.3.{own}.weight"]), file.Values($"blk.3.{name}.weight"));
        Assert.DoesNotContain("blk.3.attn_norm.weight", file.Tensors.Keys);
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
