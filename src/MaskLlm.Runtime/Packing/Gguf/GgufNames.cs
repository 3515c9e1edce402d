using MaskLlm.Architectures;

namespace MaskLlm.Packing.Gguf;

/// <summary>llama.cpp's names of tensors, by what they are for; without <c>.weight</c> and <c>.bias</c>.</summary>
internal static class GgufNames
{
    internal const string Embedding = "token_embd";
    internal const string Positions = "position_embd";
    internal const string EmbeddingNorm = "token_embd_norm";
    internal const string FinalNorm = "output_norm";
    internal const string Head = "output";

    /// <summary>All queries, keys and values in one.</summary>
    internal const string QueryKeyValue = "attn_qkv";

    /// <summary>Of latents: what makes queries of theirs, and their norm.</summary>
    internal const string QueryOfLatent = "attn_q_b", QueryLatentNorm = "attn_q_a_norm";

    /// <summary>What makes the latents of keys and values, with the dimensions of keys that all heads share; their norm; and what makes
    /// keys and values of them.</summary>
    internal const string KeyValueLatent = "attn_kv_a_mqa", KeyValueLatentNorm = "attn_kv_a_norm", KeyValueOfLatent = "attn_kv_b";

    internal const string InputNorm = "attn_norm";

    /// <summary>Falcon's of what attention reads, where the other is of what the MLP reads.</summary>
    internal const string SecondInputNorm = "attn_norm_2";

    internal const string AttentionNorm = "post_attention_norm";
    internal const string MlpNorm = "ffn_norm";
    internal const string OutputNorm = "post_ffw_norm";
    internal const string QueryNorm = "attn_q_norm";
    internal const string KeyNorm = "attn_k_norm";

    /// <summary>A logit of attention that no token has.</summary>
    internal const string Sinks = "attn_sinks";

    internal const string Router = "ffn_gate_inp";

    /// <summary>What is added to experts' scores for the choice.</summary>
    internal const string Correction = "exp_probs_b";

    /// <summary>Of the MLP beside the experts.</summary>
    internal const string SharedGate = "ffn_gate_inp_shexp";

    /// <summary>The end of the names of experts' matrices, and of those of the MLP beside them.</summary>
    internal const string OfExperts = "_exps", OfShared = "_shexp";

    /// <summary>The name of a matrix of a block.</summary>
    internal static string Of(LinearRole role) => role switch
    {
        LinearRole.Query => "attn_q",
        LinearRole.Key => "attn_k",
        LinearRole.Value => "attn_v",
        LinearRole.AttentionOutput => "attn_output",
        LinearRole.Gate => "ffn_gate",
        LinearRole.Up => "ffn_up",
        LinearRole.QueryLatent => "attn_q_a",
        _ => "ffn_down",
    };

    /// <summary>The name of a tensor in a block.</summary>
    internal static string InBlock(int block, string name) => $"blk.{block}.{name}";
}
