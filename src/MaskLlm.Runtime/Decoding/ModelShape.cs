using System.Text.Json.Nodes;

namespace MaskLlm.Decoding;

/// <summary>Sizes of well-known models, to measure speed on random weights.</summary>
public static class ModelShape
{
    private static readonly Dictionary<string, JsonObject> Shapes = new(StringComparer.Ordinal)
    {
        ["llama-1b"] = Llama(blocks: 22, hidden: 2048, heads: 32, keyValueHeads: 4, mlp: 5632, vocabulary: 32000),
        ["llama-7b"] = Llama(blocks: 32, hidden: 4096, heads: 32, keyValueHeads: 32, mlp: 11008, vocabulary: 32000),
        ["olmoe-1b-7b"] = Mixture("olmoe", blocks: 16, heads: 16, keyValueHeads: 16, experts: 64, width: 1024, vocabulary: 50304),
        ["qwen3-30b-a3b"] = Mixture("qwen3_moe", blocks: 48, heads: 32, keyValueHeads: 4, experts: 128, width: 768, vocabulary: 151936),
        ["tiny"] = Llama(blocks: 2, hidden: 64, heads: 4, keyValueHeads: 2, mlp: 128, vocabulary: 256),
    };

    /// <summary>The names that there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Shapes.Keys];

    /// <summary>A config.json of a shape.</summary>
    /// <exception cref="ArgumentException">There is no such shape.</exception>
    internal static byte[] ConfigJson(string name) => Shapes.TryGetValue(name, out JsonObject? config)
        ? System.Text.Encoding.UTF8.GetBytes(config.ToJsonString())
        : throw new ArgumentException($"`Shape` {name}: {string.Join(", ", Names)} are known.");

    private static JsonObject Llama(int blocks, int hidden, int heads, int keyValueHeads, int mlp, int vocabulary) => new()
    {
        ["model_type"] = "llama",
        ["num_hidden_layers"] = blocks,
        ["hidden_size"] = hidden,
        ["num_attention_heads"] = heads,
        ["num_key_value_heads"] = keyValueHeads,
        ["intermediate_size"] = mlp,
        ["vocab_size"] = vocabulary,
        ["max_position_embeddings"] = 2048,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000,
        ["tie_word_embeddings"] = false,
    };

    private static JsonObject Mixture(string family, int blocks, int heads, int keyValueHeads, int experts, int width, int vocabulary)
    {
        JsonObject config = Llama(blocks, hidden: 2048, heads, keyValueHeads, mlp: width, vocabulary);
        config["model_type"] = family;
        config["head_dim"] = 128;
        config["moe_intermediate_size"] = width;
        config["num_experts"] = experts;
        config["num_experts_per_tok"] = 8;
        return config;
    }
}
