using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Packing.Gguf;

/// <summary>What llama.cpp calls our families, what it computes for each, and the keys that say so.</summary>
internal static class GgufArchitecture
{
    private const string Llama = "llama";

    private static readonly HashSet<string> Written = new(StringComparer.Ordinal) { Llama, "qwen2", "qwen3" };

    // Of the layout of blocks; llama.cpp asks for it where blocks are used.
    private const int QuantizationVersion = 2;

    /// <summary>The name in <c>general.architecture</c>. Mistral is Llama there.</summary>
    internal static string Name(DecoderConfig config) => config.Family == "mistral" ? Llama : config.Family;

    /// <summary>
    /// Whether rotary embedding turns neighbours (2i, 2i + 1) of a head instead of (i, i + D/2): llama.cpp does for its
    /// architecture llama, and the rows of queries and keys are written in that order.
    /// </summary>
    internal static bool TurnsNeighbours(DecoderConfig config) => Name(config) == Llama;

    /// <summary>Refuses a model that llama.cpp would compute otherwise.</summary>
    internal static void Require(string folder, DecoderConfig config)
    {
        if (!Written.Contains(Name(config)))
            throw new NotSupportedException(
                $"{Path.Combine(folder, "config.json")}: model_type is {config.Family}; GGUF files are written for llama, mistral, qwen2 and qwen3. "
                + "The runtime runs it: export with --format runtime.");
        if (config.Activation != Activation.Silu)
            throw new NotSupportedException(
                $"{Path.Combine(folder, "config.json")}: hidden_act is not silu, which is what llama.cpp's {Name(config)} computes.");
        if (config.Rotary!.Scaling?.Kind is RotaryScalingKind.Yarn or RotaryScalingKind.LongRope or RotaryScalingKind.Dynamic)
            throw new NotSupportedException(
                $"{Path.Combine(folder, "config.json")}: rope_type is none of default, linear and llama3, which GGUF files are written for.");
        if (Name(config) == Llama) return;
        if (config.MlpBias || config.AttentionOutputBias || (config.QueryKeyNorm != QueryKeyNorm.None && config.QueryKeyValueBias))
            throw new NotSupportedException(
                $"{Path.Combine(folder, "config.json")}: attention_bias or mlp_bias is true, and llama.cpp's {Name(config)} has no such biases; it can't run this checkpoint.");
        if (config.Rotary!.Scaling?.Kind == RotaryScalingKind.Llama3)
            throw new NotSupportedException(
                $"{Path.Combine(folder, "config.json")}: rope_type is llama3, which llama.cpp's {Name(config)} does not compute; default and linear it does.");
    }

    /// <summary>Adds the keys of a model.</summary>
    /// <param name="fields">Where to.</param>
    /// <param name="notes">Gets a sentence where llama.cpp is right for short texts only.</param>
    /// <param name="name">What the model is called.</param>
    /// <param name="config">The model.</param>
    /// <param name="type">The type of its matrices.</param>
    internal static void Describe(GgufFields fields, List<string> notes, string name, DecoderConfig config, GgufType type)
    {
        string architecture = Name(config);
        fields.Add("general.architecture", architecture);
        fields.Add("general.type", "model");
        fields.Add(GgufWriter.OwnKey, GgufWriter.OwnValue);
        fields.Add("general.name", name);
        fields.Add("general.file_type", type.FileType());
        if (type.BlockValues() > 1) fields.Add("general.quantization_version", QuantizationVersion);
        fields.Add($"{architecture}.vocab_size", config.VocabularySize);
        fields.Add($"{architecture}.context_length", ContextLength(config, notes));
        fields.Add($"{architecture}.embedding_length", config.HiddenSize);
        fields.Add($"{architecture}.block_count", config.BlockCount);
        fields.Add($"{architecture}.feed_forward_length", config.IntermediateSize);
        DescribeAttention(fields, architecture, config);
        DescribeRotary(fields, architecture, config);
    }

    /// <summary>By how much each rotary frequency is divided, (D/2); null where there is no such tensor.</summary>
    internal static float[]? RotaryDivisors(DecoderConfig config)
    {
        if (config.Rotary!.Scaling?.Kind != RotaryScalingKind.Llama3) return null;
        double[] scaled = RotaryFrequencies.Of(config.Rotary!, config.HeadSize);
        double[] plain = RotaryFrequencies.Of(config.Rotary with { Scaling = null }, config.HeadSize);
        return [.. plain.Zip(scaled, (before, after) => (float)(before / after))];
    }

    private static void DescribeAttention(GgufFields fields, string architecture, DecoderConfig config)
    {
        fields.Add($"{architecture}.attention.head_count", config.HeadCount);
        fields.Add($"{architecture}.attention.head_count_kv", config.KeyValueHeadCount);
        fields.Add($"{architecture}.attention.key_length", config.HeadSize);
        fields.Add($"{architecture}.attention.value_length", config.HeadSize);
        fields.Add($"{architecture}.attention.layer_norm_rms_epsilon", (float)config.NormEpsilon);
    }

    private static void DescribeRotary(GgufFields fields, string architecture, DecoderConfig config)
    {
        fields.Add($"{architecture}.rope.dimension_count", config.HeadSize);
        fields.Add($"{architecture}.rope.freq_base", (float)config.Rotary!.Theta);
        if (config.Rotary!.Scaling is not { Kind: RotaryScalingKind.Linear } linear) return;
        fields.Add($"{architecture}.rope.scaling.type", "linear");
        fields.Add($"{architecture}.rope.scaling.factor", (float)linear.Factor);
    }

    // These architectures have no window in llama.cpp; up to its length there is none here either.
    private static int ContextLength(DecoderConfig config, List<string> notes)
    {
        int window = config.SlidingWindows.Min() ?? int.MaxValue;
        if (window >= config.MaxPositions) return config.MaxPositions;
        notes.Add(
            $"Attention of this model sees {window} tokens and llama.cpp's {Name(config)} all of them, so the context length is written as {window} instead of {config.MaxPositions}; longer texts would be computed otherwise.");
        return window;
    }
}
