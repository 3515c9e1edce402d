namespace MaskLlm.Architectures;

/// <summary>The tensors that a decoder is made of, by the checkpoint's names, without making one.</summary>
internal static class ParameterShapes
{
    /// <summary>What the names of all blocks' tensors begin with.</summary>
    internal const string BlockPrefix = "model.layers.";

    internal const string Embedding = "model.embed_tokens.weight", Head = "lm_head.weight", FinalNorm = "model.norm.weight";

    /// <summary>All of them, in the order in which a decoder makes them: matrices (rows, columns) and vectors (length).</summary>
    internal static IEnumerable<(string Name, int[] Shape)> All(DecoderConfig config)
    {
        yield return (Embedding, [config.VocabularySize, config.HiddenSize]);
        for (int block = 0; block < config.BlockCount; block++)
        {
            string prefix = Block(block);
            foreach ((string name, int rows, int columns, bool hasBias) in Linears(config))
            {
                yield return ($"{prefix}{name}.weight", [rows, columns]);
                if (hasBias) yield return ($"{prefix}{name}.bias", [rows]);
            }
            yield return ($"{prefix}input_layernorm.weight", [config.HiddenSize]);
            yield return ($"{prefix}post_attention_layernorm.weight", [config.HiddenSize]);
            if (!config.QueryKeyNorm) continue;
            yield return ($"{prefix}self_attn.q_norm.weight", [config.HeadSize]);
            yield return ($"{prefix}self_attn.k_norm.weight", [config.HeadSize]);
        }
        yield return (FinalNorm, [config.HiddenSize]);
        if (!config.TieWordEmbeddings) yield return (Head, [config.VocabularySize, config.HiddenSize]);
    }

    /// <summary>Every matrix: name, rows, columns, and whether it may be pruned, as linear weights of blocks may.</summary>
    internal static IEnumerable<(string Name, int Rows, int Columns, bool MayBeSparse)> Matrices(DecoderConfig config) =>
        All(config).Where(parameter => parameter.Shape.Length == 2)
            .Select(parameter => (parameter.Name, parameter.Shape[0], parameter.Shape[1], IsLinearWeight(parameter.Name, 2)));

    /// <summary>Every vector: norms and biases.</summary>
    internal static IEnumerable<(string Name, int Length)> Vectors(DecoderConfig config) =>
        All(config).Where(parameter => parameter.Shape.Length == 1).Select(parameter => (parameter.Name, parameter.Shape[0]));

    /// <summary>What the names of a block's tensors begin with.</summary>
    internal static string Block(int index) => $"{BlockPrefix}{index}.";

    /// <summary>The linear layers of a block, in the order of the forward pass.</summary>
    internal static IReadOnlyList<(string Name, int Rows, int Columns, bool HasBias)> Linears(DecoderConfig config)
    {
        int queries = config.HeadCount * config.HeadSize, keys = config.KeyValueHeadCount * config.HeadSize;
        return
        [
            ("self_attn.q_proj", queries, config.HiddenSize, config.QueryKeyValueBias),
            ("self_attn.k_proj", keys, config.HiddenSize, config.QueryKeyValueBias),
            ("self_attn.v_proj", keys, config.HiddenSize, config.QueryKeyValueBias),
            ("self_attn.o_proj", config.HiddenSize, queries, config.AttentionOutputBias),
            ("mlp.gate_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias),
            ("mlp.up_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias),
            ("mlp.down_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias),
        ];
    }

    /// <summary>Whether a tensor of a checkpoint is the weight of a linear layer of a block: the matrices of blocks are.</summary>
    internal static bool IsLinearWeight(string name, int dimensions) => dimensions == 2 && name.StartsWith(BlockPrefix, StringComparison.Ordinal);
}
