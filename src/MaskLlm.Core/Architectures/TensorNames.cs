namespace MaskLlm.Architectures;

/// <summary>
/// What a family calls its tensors, without <c>.weight</c> and <c>.bias</c>; those of a block without its prefix. What is null the family
/// does not have.
/// </summary>
internal sealed record TensorNames
{
    /// <summary>Llama's, and those of most families since.</summary>
    internal static TensorNames Llama { get; } = new();

    internal string Embedding { get; init; } = "model.embed_tokens";

    /// <summary>Of learned positions.</summary>
    internal string? Positions { get; init; }

    /// <summary>Of the embedding, before the first block.</summary>
    internal string? EmbeddingNorm { get; init; }

    /// <summary>What the names of all blocks' tensors begin with, up to the block's number.</summary>
    internal string Blocks { get; init; } = "model.layers.";

    internal string FinalNorm { get; init; } = "model.norm";

    internal string Head { get; init; } = "lm_head";

    /// <summary>Of what attention reads.</summary>
    internal string? InputNorm { get; init; } = "input_layernorm";

    /// <summary>Of what attention gives, before it is added.</summary>
    internal string? AttentionNorm { get; init; }

    /// <summary>Of what the MLP reads; where MLP and attention stand side by side it may be the norm above.</summary>
    internal string? MlpNorm { get; init; } = "post_attention_layernorm";

    /// <summary>Of what the MLP gives, before it is added.</summary>
    internal string? OutputNorm { get; init; }

    internal string Query { get; init; } = "self_attn.q_proj";

    internal string Key { get; init; } = "self_attn.k_proj";

    internal string Value { get; init; } = "self_attn.v_proj";

    /// <summary>One tensor for the three above.</summary>
    internal string? FusedQueryKeyValue { get; init; }

    /// <summary>Whether the fused tensor has the queries of a key-value head, its key and its value together, head after head; else all
    /// queries go first.</summary>
    internal bool IsFusedByHead { get; init; }

    /// <summary>What queries are made of (DeepSeek-V3).</summary>
    internal string QueryLatent { get; init; } = "self_attn.q_a_proj";

    internal string QueryLatentNorm { get; init; } = "self_attn.q_a_layernorm";

    /// <summary>Queries, where they are made of latents.</summary>
    internal string QueryOfLatent { get; init; } = "self_attn.q_b_proj";

    /// <summary>What keys and values are made of, and then the dimensions of keys that all heads share.</summary>
    internal string KeyValueLatent { get; init; } = "self_attn.kv_a_proj_with_mqa";

    internal string KeyValueLatentNorm { get; init; } = "self_attn.kv_a_layernorm";

    /// <summary>The key of a head and its value, head after head.</summary>
    internal string KeyValueOfLatent { get; init; } = "self_attn.kv_b_proj";

    internal string AttentionOutput { get; init; } = "self_attn.o_proj";

    internal string QueryNorm { get; init; } = "self_attn.q_norm";

    internal string KeyNorm { get; init; } = "self_attn.k_norm";

    /// <summary>Null in an MLP without a gate.</summary>
    internal string? Gate { get; init; } = "mlp.gate_proj";

    internal string Up { get; init; } = "mlp.up_proj";

    /// <summary>One tensor for the two above, the gate first.</summary>
    internal string? FusedGateUp { get; init; }

    internal string Down { get; init; } = "mlp.down_proj";

    /// <summary>What chooses among experts.</summary>
    internal string Router { get; init; } = "mlp.gate";

    /// <summary>What the names of all experts begin with, up to the expert's number.</summary>
    internal string Experts { get; init; } = "mlp.experts.";

    /// <summary>What the names of the MLP beside the experts begin with.</summary>
    internal string SharedExpert { get; init; } = "mlp.shared_expert.";

    /// <summary>What its outputs are multiplied by.</summary>
    internal string SharedExpertGate { get; init; } = "mlp.shared_expert_gate";

    /// <summary>Of one expert.</summary>
    internal string ExpertGate { get; init; } = "gate_proj";

    /// <summary>The same.</summary>
    internal string ExpertUp { get; init; } = "up_proj";

    /// <summary>The same.</summary>
    internal string ExpertDown { get; init; } = "down_proj";

    /// <summary>One tensor for gates and ups of all experts, with its ending; a bias goes by the same name and <c>_bias</c>.</summary>
    internal string? FusedExpertsGateUp { get; init; }

    /// <summary>The same for the last matrices.</summary>
    internal string FusedExpertsDown { get; init; } = "";

    /// <summary>Whether rows of gate and up alternate in the fused tensor, the gate's first; else all of an expert's gate go
    /// first.</summary>
    internal bool IsExpertsGateUpAlternating { get; init; }

    /// <summary>Whether fused experts are stored (experts, inputs, outputs).</summary>
    internal bool IsExpertsTransposed { get; init; }

    /// <summary>Of attention, a logit for each query head that no token has (gpt-oss); with its ending.</summary>
    internal string? Sinks { get; init; }

    /// <summary>Whether linear weights are stored (inputs, outputs), as those of GPT-2's Conv1D.</summary>
    internal bool IsTransposed { get; init; }

    /// <summary>Endings of tensors that early versions saved with the weights and no version reads.</summary>
    internal IReadOnlyList<string> Unread { get; init; } = [".rotary_emb.inv_freq"];
}
