using MaskLlm.Models;

namespace MaskLlm.Runtime;

/// <summary>The tensors that a decoder is made of, by the checkpoint's names.</summary>
internal static class RuntimeShapes
{
    internal const string Embedding = "model.embed_tokens.weight", Head = "lm_head.weight", FinalNorm = "model.norm.weight";

    internal static string Block(int index) => $"model.layers.{index}.";

    /// <summary>Every matrix: name, rows, columns, and whether it may be 2:4, as linear weights of blocks may.</summary>
    internal static IEnumerable<(string Name, int Rows, int Columns, bool MayBeSparse)> Matrices(DecoderConfig config)
    {
        yield return (Embedding, config.VocabularySize, config.HiddenSize, false);
        for (int block = 0; block < config.BlockCount; block++)
            foreach ((string name, int rows, int columns, _) in Linears(config))
                yield return ($"{Block(block)}{name}.weight", rows, columns, true);
        if (!config.TieWordEmbeddings) yield return (Head, config.VocabularySize, config.HiddenSize, false);
    }

    /// <summary>Every vector: norms and biases.</summary>
    internal static IEnumerable<(string Name, int Length)> Vectors(DecoderConfig config)
    {
        for (int block = 0; block < config.BlockCount; block++)
        {
            string prefix = Block(block);
            yield return ($"{prefix}input_layernorm.weight", config.HiddenSize);
            yield return ($"{prefix}post_attention_layernorm.weight", config.HiddenSize);
            foreach ((string name, int rows, _, bool hasBias) in Linears(config))
                if (hasBias) yield return ($"{prefix}{name}.bias", rows);
            if (!config.QueryKeyNorm) continue;
            yield return ($"{prefix}self_attn.q_norm.weight", config.HeadSize);
            yield return ($"{prefix}self_attn.k_norm.weight", config.HeadSize);
        }
        yield return (FinalNorm, config.HiddenSize);
    }

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

    /// <summary>Rows and columns of the linear weights of the blocks by the checkpoint's name, in the order of the forward pass: what a mask file needs.</summary>
    internal static IReadOnlyDictionary<string, (int Rows, int Columns)> LinearShapes(DecoderConfig config) => new OrderedDictionary<string, (int, int)>(
        Matrices(config).Where(matrix => matrix.MayBeSparse).Select(matrix => KeyValuePair.Create(matrix.Name, (matrix.Rows, matrix.Columns))));
}
