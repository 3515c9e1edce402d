using MaskLlm.Architectures;
using MaskLlm.Models;
using MaskLlm.Tests.Models;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Packing.Gguf;

/// <summary>Where a GGUF file has the tensors of a checkpoint and in which order, told apart from the code that writes them.</summary>
internal static class GgufLayout
{
    // By the end of the checkpoint's name; families with more norms have other names for the same ends.
    private static readonly (string Ending, string Name)[] FourNorms =
    [
        ("post_attention_layernorm", "post_attention_norm"), ("pre_feedforward_layernorm", "ffn_norm"),
        ("post_feedforward_layernorm", "post_ffw_norm"),
    ];

    private static readonly (string Ending, string Name)[] SeedOss = [("post_attention_layernorm", "post_attention_norm")];

    private static readonly (string Ending, string Name)[] Names =
    [
        ("embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
        ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
        ("q_proj", "attn_q"), ("k_proj", "attn_k"), ("v_proj", "attn_v"), ("o_proj", "attn_output"),
        ("q_norm", "attn_q_norm"), ("k_norm", "attn_k_norm"),
        ("gate_proj", "ffn_gate"), ("up_proj", "ffn_up"), ("down_proj", "ffn_down"),
        ("qkv_proj", "attn_qkv"), ("gate_up_proj", "ffn_up"),
        ("wte", "token_embd"), ("wpe", "position_embd"), ("ln_f", "output_norm"), ("ln_1", "attn_norm"), ("ln_2", "ffn_norm"),
        ("c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
        ("embed_in", "token_embd"), ("final_layer_norm", "output_norm"), ("embed_out", "output"),
        ("word_embeddings", "token_embd"), ("word_embeddings_layernorm", "token_embd_norm"),
        ("ln_attn", "attn_norm_2"), ("ln_mlp", "attn_norm"), ("final_layernorm", "output_norm"), ("self_attn.dense", "attn_output"),
        ("fc1", "ffn_up"), ("fc2", "ffn_down"),
        ("post_self_attn_layernorm", "post_attention_norm"), ("post_mlp_layernorm", "post_ffw_norm"),
        ("query_key_value", "attn_qkv"), ("attention.dense", "attn_output"), ("dense_h_to_4h", "ffn_up"), ("dense_4h_to_h", "ffn_down"),
    ];

    /// <summary>The name in the file.</summary>
    internal static string Of(DecoderConfig config, string name)
    {
        string module = name[..name.LastIndexOf('.')], parameter = name[name.LastIndexOf('.')..];
        bool hasFour = config.Family is "gemma2" or "gemma3_text" or "olmo2";
        (string Ending, string Name)[] own = hasFour ? FourNorms : config.Family == "seed_oss" ? SeedOss : [];
        string found = own.Concat(Names).Where(row => module.EndsWith(row.Ending, StringComparison.Ordinal))
            .MaxBy(row => row.Ending.Length).Name;
        string[] parts = module.Split('.');
        int layers = Array.FindIndex(parts, part => part is "layers" or "h");
        return layers < 0 ? found + parameter : $"blk.{parts[layers + 1]}.{found}{parameter}";
    }

    /// <summary>The values as the file has them.</summary>
    /// <param name="config">The model.</param>
    /// <param name="name">The checkpoint's.</param>
    /// <param name="tensor">The checkpoint's.</param>
    internal static Tensor InFileOrder(DecoderConfig config, string name, Tensor tensor)
    {
        bool query = name.Contains("q_proj", StringComparison.Ordinal), key = name.Contains("k_proj", StringComparison.Ordinal);
        if (config.Family is "llama" or "mistral" or "ministral" or "granite" or "smollm3" && (query || key))
        {
            // (H, 2, D/2, I) to (H, D/2, 2, I).
            int heads = query ? config.HeadCount : config.KeyValueHeadCount;
            return tensor.view(heads, 2, config.HeadSize / 2, -1).transpose(1, 2).contiguous().view(tensor.shape);
        }
        if (config.Family == "falcon" && name.Contains("query_key_value", StringComparison.Ordinal))
        {
            // The queries of a key-value head, its key and its value; in the file all queries, then all keys, then all values.
            int groups = config.KeyValueHeadCount;
            Tensor heads = tensor.view(groups, config.HeadCount / groups + 2, config.HeadSize, -1);
            long size = heads.size(3);
            return cat([.. new[] { heads[.., ..^2], heads[.., ^2..^1], heads[.., ^1..] }.Select(part => part.reshape(-1, size))], 0)
                .view(tensor.shape);
        }
        if (config.Family is "gpt_neox" or "bloom" && name.Contains("query_key_value", StringComparison.Ordinal))
            return tensor.view(config.HeadCount, 3, config.HeadSize, -1).transpose(0, 1).contiguous().view(tensor.shape);
        if (config.Family == "gpt2" && name.Contains(".c_", StringComparison.Ordinal) && tensor.dim() == 2) return tensor.t().contiguous();
        bool addsOne = config.Family is "gemma" or "gemma2" or "gemma3_text" or "nemotron";
        return addsOne && name.EndsWith("norm.weight", StringComparison.Ordinal) ? tensor + 1 : tensor;
    }

    /// <summary>The tensors of a fixture in float32, by name.</summary>
    internal static Dictionary<string, Tensor> Tensors(string model) =>
        Directory.GetFiles(ModelMasks.Folder(model), "model*.safetensors")
            .SelectMany(TensorFile.Read)
            .ToDictionary(entry => entry.Key, entry => entry.Value.to(ScalarType.Float32));

    internal static float[] Floats(Tensor tensor) => TensorBytes.Floats(tensor.contiguous()).ToArray();
}
