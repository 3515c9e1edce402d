using MaskLlm.Numerals;

namespace MaskLlm.Architectures.Families;

/// <summary>
/// The range of every number of config.json: a row a key. The upper ends are far beyond any model, and low enough that no product of
/// two sizes leaves 63 bits, whatever a file claims.
/// </summary>
internal static class ConfigRange
{
    private static readonly Dictionary<string, (double Least, double Most)> Ranges = new(StringComparer.Ordinal)
    {
        ["hidden_size"] = (1, 1 << 20),
        ["intermediate_size"] = (1, 1 << 22),
        ["num_hidden_layers"] = (1, 1 << 16),
        ["num_attention_heads"] = (1, 1 << 16),
        ["num_key_value_heads"] = (1, 1 << 16),
        ["head_dim"] = (2, 1 << 14),
        ["n_embed"] = (1, 1 << 20),
        ["ffn_dim"] = (1, 1 << 22),
        ["ffn_hidden_size"] = (1, 1 << 22),
        ["word_embed_proj_dim"] = (1, 1 << 20),
        ["num_kv_heads"] = (1, 1 << 16),
        ["num_ln_in_parallel_attn"] = (1, 2),
        ["rotary_dim"] = (1, 1 << 14),
        ["seq_length"] = (1, int.MaxValue),
        ["no_rope_layers"] = (0, 1),
        ["no_rope_layer_interval"] = (1, 1 << 16),
        ["vocab_size"] = (1, 1 << 26),
        ["max_position_embeddings"] = (1, int.MaxValue),
        ["original_max_position_embeddings"] = (1, int.MaxValue),
        ["sliding_window"] = (1, int.MaxValue),
        ["max_window_layers"] = (0, int.MaxValue),
        // Below float32's range it would be 0 where it is added.
        ["rms_norm_eps"] = (1e-30, 1),
        ["rope_theta"] = (1, 1e30),
        ["factor"] = (1e-6, 1e6),
        ["n_embd"] = (1, 1 << 20),
        ["n_inner"] = (1, 1 << 22),
        ["n_layer"] = (1, 1 << 16),
        ["n_head"] = (1, 1 << 16),
        ["n_positions"] = (1, int.MaxValue),
        ["layer_norm_epsilon"] = (1e-30, 1),
        ["layer_norm_eps"] = (1e-30, 1),
        ["norm_eps"] = (1e-30, 1),
        ["norm_epsilon"] = (1e-30, 1),
        ["rotary_emb_base"] = (1, 1e30),
        ["rope_local_base_freq"] = (1, 1e30),
        ["rotary_pct"] = (1e-6, 1),
        ["partial_rotary_factor"] = (1e-6, 1),
        ["query_pre_attn_scalar"] = (1e-6, 1e6),
        ["attn_logit_softcapping"] = (1e-6, 1e6),
        ["final_logit_softcapping"] = (1e-6, 1e6),
        ["embedding_multiplier"] = (1e-6, 1e6),
        ["attention_multiplier"] = (1e-6, 1e6),
        ["residual_multiplier"] = (1e-6, 1e6),
        ["logits_scaling"] = (1e-6, 1e6),
        ["logit_scale"] = (1e-6, 1e6),
        ["sliding_window_pattern"] = (1, 1 << 16),
        ["attention_factor"] = (1e-6, 1e6),
        ["beta_fast"] = (1e-6, 1e6),
        ["beta_slow"] = (1e-6, 1e6),
        ["mscale"] = (0, 1e6),
        ["mscale_all_dim"] = (0, 1e6),
        ["short_factor"] = (1e-6, 1e6),
        ["long_factor"] = (1e-6, 1e6),
        ["low_freq_factor"] = (1e-6, 1e6),
        ["high_freq_factor"] = (1e-6, 1e6),
        ["num_experts"] = (1, 1 << 16),
        ["num_local_experts"] = (1, 1 << 16),
        ["num_experts_per_tok"] = (1, 1 << 16),
        ["moe_intermediate_size"] = (1, 1 << 22),
        ["shared_expert_intermediate_size"] = (1, 1 << 22),
        ["decoder_sparse_step"] = (1, 1 << 16),
        ["n_routed_experts"] = (1, 1 << 16),
        ["n_shared_experts"] = (0, 1 << 16),
        ["n_group"] = (1, 1 << 16),
        ["topk_group"] = (1, 1 << 16),
        ["first_k_dense_replace"] = (0, 1 << 16),
        ["routed_scaling_factor"] = (1e-6, 1e6),
        ["moe_layer_freq"] = (1, 1 << 16),
        ["q_lora_rank"] = (1, 1 << 20),
        ["kv_lora_rank"] = (1, 1 << 20),
        ["qk_nope_head_dim"] = (1, 1 << 14),
        ["qk_rope_head_dim"] = (2, 1 << 14),
        ["qk_head_dim"] = (2, 1 << 15),
        ["v_head_dim"] = (1, 1 << 14),
        ["swiglu_alpha"] = (1e-6, 1e6),
        ["swiglu_limit"] = (1e-6, 1e6),
        ["mlp_only_layers"] = (0, 1 << 16),
    };

    /// <summary>Refuses a number out of its range.</summary>
    /// <param name="where">What messages begin with: the file, and the way to the key but for its last part.</param>
    /// <param name="key">The key, as in the table.</param>
    /// <param name="value">What the file has.</param>
    /// <exception cref="InvalidDataException">It is out of range.</exception>
    internal static void Require(string where, string key, double value)
    {
        (double least, double most) = Ranges[key];
        if (value >= least && value <= most) return;
        throw new InvalidDataException(
            $"{where}{key} is {NumberText.Shown(value)}; {NumberText.Shown(least)} to {NumberText.Shown(most)} can be.");
    }
}
