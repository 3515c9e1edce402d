namespace MaskLlm.Packing.Gguf;

/// <summary>The names of a checkpoint's tensors in a GGUF file.</summary>
internal static class GgufNames
{
    /// <summary>The name of what divides the rotary frequencies.</summary>
    internal const string RotaryDivisors = "rope_freqs.weight";

    private const string BlockPrefix = "model.layers.";

    private static readonly Dictionary<string, string> Whole = new(StringComparer.Ordinal)
    {
        ["model.embed_tokens"] = "token_embd",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
    };

    private static readonly Dictionary<string, string> InBlock = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
    };

    /// <summary>The name of a parameter of the decoder, such as <c>blk.0.attn_q.weight</c>.</summary>
    internal static string Of(string name)
    {
        int ending = name.LastIndexOf('.');
        (string module, string parameter) = (name[..ending], name[ending..]);
        if (!module.StartsWith(BlockPrefix, StringComparison.Ordinal)) return Whole[module] + parameter;
        string[] parts = module[BlockPrefix.Length..].Split('.', 2);
        return $"blk.{parts[0]}.{InBlock[parts[1]]}{parameter}";
    }
}
