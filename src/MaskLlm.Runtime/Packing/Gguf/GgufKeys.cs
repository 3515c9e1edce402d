using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Packing.Gguf;

/// <summary>The keys that say to llama.cpp what a model is.</summary>
internal static class GgufKeys
{
    // Of the layout of blocks; llama.cpp asks for it where blocks are used.
    private const int QuantizationVersion = 2;

    /// <summary>Adds the keys of a model.</summary>
    /// <param name="fields">Where to.</param>
    /// <param name="notes">Gets a sentence where llama.cpp computes otherwise.</param>
    /// <param name="name">What the model is called.</param>
    /// <param name="config">The model.</param>
    /// <param name="type">The type of its matrices.</param>
    internal static void Describe(GgufFields fields, List<string> notes, string name, DecoderConfig config, GgufType type)
    {
        GgufArchitecture architecture = GgufArchitecture.Of(config);
        string prefix = architecture.Name;
        fields.Add("general.architecture", prefix);
        fields.Add("general.type", "model");
        fields.Add(GgufWriter.OwnKey, GgufWriter.OwnValue);
        fields.Add("general.name", name);
        fields.Add("general.file_type", type.FileType());
        if (type.BlockValues() > 1) fields.Add("general.quantization_version", QuantizationVersion);
        fields.Add($"{prefix}.vocab_size", config.VocabularySize);
        fields.Add($"{prefix}.context_length", ContextLength(architecture, config, notes));
        fields.Add($"{prefix}.embedding_length", config.HiddenSize);
        fields.Add($"{prefix}.block_count", config.BlockCount);
        GgufExperts? experts = config.Experts is null ? null : architecture.Experts;
        fields.Add($"{prefix}.feed_forward_length",
            experts is { WidthIsOfMlp: true } ? config.Experts!.Width : config.IntermediateSize);
        experts?.Describe(fields, prefix, config.Experts!);
        // GPT-NeoX alone has both forms, and its key is asked for.
        if (prefix == "gptneox") fields.Add($"{prefix}.use_parallel_residual", config.IsParallel);
        DescribeAttention(fields, architecture, config);
        if (config.Rotary is not null) GgufRotary.Describe(fields, notes, architecture, config);
        DescribeScales(fields, architecture, config);
        if (config.Activation == Activation.Gelu)
            notes.Add(
                $"The activation is GELU, and llama.cpp's {prefix} takes its approximation by tanh: its values differ by up to 0.0005.");
        if (architecture.HadHeadsAsWideAsModel && config.HeadCount * config.HeadSize != config.HiddenSize)
            notes.Add(
                $"{config.HeadCount} heads of head_dim {config.HeadSize} are not as wide as hidden_size {config.HiddenSize}: earlier "
                + $"versions of llama.cpp, that in LLamaSharp 0.30 too, load no such {prefix}.");
    }

    private static void DescribeAttention(GgufFields fields, GgufArchitecture architecture, DecoderConfig config)
    {
        string prefix = architecture.Name;
        fields.Add($"{prefix}.attention.head_count", config.HeadCount);
        fields.Add($"{prefix}.attention.head_count_kv", config.KeyValueHeadCount);
        fields.Add($"{prefix}.attention.key_length", config.HeadSize);
        fields.Add($"{prefix}.attention.value_length", config.ValueSize);
        if (config.Latent is { } latent)
        {
            if (latent.QueryRank is { } rank) fields.Add($"{prefix}.attention.q_lora_rank", rank);
            fields.Add($"{prefix}.attention.kv_lora_rank", latent.KeyValueRank);
        }
        string epsilon = config.Norm == NormKind.Rms ? "layer_norm_rms_epsilon" : "layer_norm_epsilon";
        fields.Add($"{prefix}.attention.{epsilon}", (float)config.NormEpsilon);
        if (architecture.WindowPeriod is not { } period) return;
        int? window = Window(config) ?? (architecture.AlwaysHasWindow ? config.MaxPositions : null);
        if (window is null) return;
        fields.Add($"{prefix}.attention.sliding_window", window.Value);
        fields.Add($"{prefix}.attention.sliding_window_pattern", Window(config) is null ? period : architecture.PeriodOf(config)!.Value);
    }

    private static void DescribeScales(GgufFields fields, GgufArchitecture architecture, DecoderConfig config)
    {
        string prefix = architecture.Name;
        if (config.AttentionSoftCap is { } attention) fields.Add($"{prefix}.attn_logit_softcapping", (float)attention);
        if (config.LogitSoftCap is { } logits) fields.Add($"{prefix}.final_logit_softcapping", (float)logits);
        if (architecture.ScalesLogits) fields.Add($"{prefix}.logit_scale", (float)(1 / config.LogitDivisor));
        if (!architecture.HasMultipliers) return;
        fields.Add($"{prefix}.embedding_scale", (float)config.EmbeddingScale);
        fields.Add($"{prefix}.attention.scale", (float)config.AttentionScaleOf(0));
        fields.Add($"{prefix}.residual_scale", (float)config.ResidualMultiplier);
        fields.Add($"{prefix}.logit_scale", (float)config.LogitDivisor);
    }

    // Where an architecture has no window, there is none here either up to its length.
    private static int ContextLength(GgufArchitecture architecture, DecoderConfig config, List<string> notes)
    {
        int window = architecture.WindowPeriod is null ? Window(config) ?? int.MaxValue : int.MaxValue;
        if (window >= config.MaxPositions) return config.MaxPositions;
        notes.Add(
            $"Attention of this model sees {window} tokens and llama.cpp's {architecture.Name} all of them, so the context length is "
            + $"written as {window} instead of {config.MaxPositions}; longer texts would be computed otherwise.");
        return window;
    }

    private static int? Window(DecoderConfig config) => config.SlidingWindows.Min();
}
