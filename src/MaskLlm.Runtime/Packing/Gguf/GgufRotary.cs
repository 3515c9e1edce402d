using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Packing.Gguf;

/// <summary>Rotary embedding in a GGUF file: keys, and tensors of what divides the frequencies.</summary>
internal static class GgufRotary
{
    // Peng et al., equation 22: llama.cpp takes the factor on the logarithm times this.
    private const double YarnLength = 0.1;

    /// <summary>Adds its keys.</summary>
    internal static void Describe(GgufFields fields, List<string> notes, GgufArchitecture architecture, DecoderConfig config)
    {
        string prefix = $"{architecture.Name}.rope.";
        fields.Add($"{prefix}dimension_count", config.Rotary!.Dimensions(config.RotarySize));
        fields.Add($"{prefix}freq_base", (float)config.Rotary.Theta);
        if (config.WindowRotary is { } windowed) fields.Add($"{prefix}freq_base_swa", (float)windowed.Theta);
        double length = config.Latent?.LengthScale ?? 0;
        if (config.Rotary.Scaling is { } scaling) DescribeScaling(fields, notes, $"{prefix}scaling.", scaling, isLengthOwn: length == 0);
        if (length != 0) fields.Add($"{prefix}scaling.yarn_log_multiplier", (float)(YarnLength * length));
    }

    /// <summary>The tensors beside those of the checkpoint.</summary>
    internal static IEnumerable<GgufTensor> Tensors(DecoderConfig config)
    {
        switch (config.Rotary?.Scaling)
        {
            case { Kind: RotaryScalingKind.Llama3 }:
                double[] scaled = RotaryFrequencies.Of(config.Rotary, config.HeadSize);
                double[] plain = RotaryFrequencies.Of(config.Rotary with { Scaling = null }, config.HeadSize);
                yield return Tensor("rope_freqs.weight", plain.Zip(scaled, (before, after) => before / after));
                break;
            case { Kind: RotaryScalingKind.LongRope } scaling:
                yield return Tensor("rope_factors_long.weight", scaling.LongFactors);
                yield return Tensor("rope_factors_short.weight", scaling.ShortFactors);
                break;
        }
    }

    private static void DescribeScaling(GgufFields fields, List<string> notes, string prefix, RotaryScaling scaling, bool isLengthOwn)
    {
        switch (scaling.Kind)
        {
            case RotaryScalingKind.Linear:
                fields.Add($"{prefix}type", "linear");
                fields.Add($"{prefix}factor", (float)scaling.Factor);
                break;
            case RotaryScalingKind.Yarn:
                fields.Add($"{prefix}type", "yarn");
                fields.Add($"{prefix}factor", (float)scaling.Factor);
                fields.Add($"{prefix}original_context_length", scaling.OriginalMaxPositions);
                float beside = (float)(scaling.AttentionFactor / RotaryReader.Length(scaling.Factor, 1));
                if (beside != 1 && isLengthOwn) fields.Add($"{prefix}attn_factor", beside);
                break;
            case RotaryScalingKind.LongRope:
                fields.Add($"{prefix}type", "longrope");
                fields.Add($"{prefix}original_context_length", scaling.OriginalMaxPositions);
                fields.Add($"{prefix}attn_factor", (float)scaling.AttentionFactor);
                notes.Add(
                    $"llama.cpp takes the long factors of rotation where its context is longer than {scaling.OriginalMaxPositions} tokens, "
                    + $"and this model where the text is: for shorter texts open a context of at most {scaling.OriginalMaxPositions}.");
                break;
        }
    }

    private static GgufTensor Tensor(string name, IEnumerable<double> values)
    {
        float[] numbers = [.. values.Select(value => (float)value)];
        return new GgufTensor(name, GgufType.Float32, [numbers.Length], stream => stream.Write(MemoryMarshal.AsBytes<float>(numbers)));
    }
}
