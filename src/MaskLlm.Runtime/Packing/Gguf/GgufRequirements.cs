using System.Globalization;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;

namespace MaskLlm.Packing.Gguf;

/// <summary>Refuses what llama.cpp would compute otherwise.</summary>
internal static class GgufRequirements
{
    // Scales are written and read in float32.
    private const double SameScale = 1e-6;

    // Files have keys for these, which llama.cpp reads for other architectures only.
    private const double BetaFast = 32, BetaSlow = 1;

    private static readonly (RotaryScalingKind Kind, string Spelling)[] Scalings =
    [
        (RotaryScalingKind.Linear, "linear"), (RotaryScalingKind.Llama3, "llama3"), (RotaryScalingKind.Yarn, "yarn"),
        (RotaryScalingKind.LongRope, "longrope"), (RotaryScalingKind.Dynamic, "dynamic"),
    ];

    /// <summary>Checks a plan against the architecture of its family.</summary>
    /// <param name="folder">The checkpoint, for messages.</param>
    /// <param name="config">Its plan.</param>
    /// <exception cref="NotSupportedException">llama.cpp has no such family, or computes it otherwise.</exception>
    internal static void Require(string folder, DecoderConfig config)
    {
        string? refusal = GgufArchitecture.Find(config) is { } architecture
            ? Refusals(architecture, config).FirstOrDefault(reason => reason is not null)
            : $"model_type is {config.Family}; GGUF files are written for {string.Join(", ", GgufArchitecture.Families)}";
        if (refusal is not null)
            throw new NotSupportedException(
                $"{Path.Combine(folder, "config.json")}: {refusal}. The runtime runs it: `maskllm export MODEL --format runtime`.");
    }

    private static IEnumerable<string?> Refusals(GgufArchitecture architecture, DecoderConfig config)
    {
        string llama = $"llama.cpp's {architecture.Name}";
        yield return Computes(architecture.Activation, config.Activation) ? null
            : $"the activation is {config.Activation}, and {llama} computes {architecture.Activation}";
        GgufBiases biases = GgufBiasesOfPlan.Of(config);
        yield return (biases & ~architecture.Biases) is not GgufBiases.None and var extra
            ? $"there are biases of {extra}, and {llama} has no such biases" : null;
        yield return (architecture.RequiredBiases & ~biases) is not GgufBiases.None and var missing
            ? $"there are no biases of {missing}, and {llama} loads no file without them" : null;
        yield return architecture.Head == GgufHead.Embedding && !config.TieWordEmbeddings
            ? $"the head is not the embedding, and {llama} has no other" : null;
        yield return architecture.HasHeadsAsWideAsModel && config.HeadCount * config.HeadSize != config.HiddenSize
            ? $"{config.HeadCount} heads of head_dim {config.HeadSize} are not as wide as hidden_size {config.HiddenSize}, "
                + $"which {llama} asks for"
            : null;
        yield return architecture.HasKeysOfEveryHead && config.KeyValueHeadCount != config.HeadCount
            ? $"{config.HeadCount} heads share {config.KeyValueHeadCount} key-value heads, and {llama} asks for keys and values of every "
                + "head"
            : null;
        yield return architecture.IsParallelAlone && !config.IsParallel
            ? $"MLP and attention follow one another, and {llama} computes them side by side" : null;
        foreach (string? experts in config.Experts is { } own ? architecture.Experts!.Refusals(own, llama) : []) yield return experts;
        foreach (string? latents in config.Latent is null ? [] : Latents(config, llama)) yield return latents;
        yield return QueryKeyNorms(architecture, config, llama);
        yield return Rotation(architecture, config, llama);
        yield return Scale(architecture, config, llama);
        yield return SoftCaps(architecture, config, llama);
        yield return architecture.WindowPeriod is not null && architecture.PeriodOf(config) is null
            ? $"layer_types has no period, and {llama} lets one block of each so many see all tokens" : null;
    }

    private static bool Computes(Activation theirs, Activation ours) =>
        theirs == ours || (theirs == Activation.GeluTanh && ours == Activation.Gelu);

    private static IEnumerable<string?> Latents(DecoderConfig config, string llama)
    {
        BlockPlan block = BlockPlan.Of(config, 0);
        yield return config.Rotary is { TurnsNeighbours: false } ? $"rope_interleave is false, and {llama} turns neighbours" : null;
        yield return block.Latent!.KeyValueNorm.Epsilon is { } own && own != config.NormEpsilon
            ? string.Create(CultureInfo.InvariantCulture,
                $"rms_norm_eps is {config.NormEpsilon} and {own} in the norms of latents, and {llama} has one for all")
            : null;
        yield return config is { Latent.LengthScale: 0, Rotary.Scaling.Kind: RotaryScalingKind.Yarn }
            ? $"yarn has no mscale_all_dim, and {llama} scales attention otherwise without it" : null;
        // It takes mscale to be 1.
        yield return config is { Latent.LengthScale: not 0 and var all, Rotary.Scaling: { } yarn }
            && Math.Abs(yarn.AttentionFactor * RotaryReader.Length(yarn.Factor, all) / RotaryReader.Length(yarn.Factor, 1) - 1) > SameScale
            ? $"mscale of yarn is not 1, and {llama} takes 1" : null;
    }

    private static string? QueryKeyNorms(GgufArchitecture architecture, DecoderConfig config, string llama)
    {
        if (config.QueryKeyNorm != QueryKeyNorm.None)
            return architecture.HasQueryKeyNorms ? null : $"queries and keys have norms, and in {llama} they have none";
        return config.BlockCount >= architecture.BlocksWithQueryKeyNorms
            ? $"queries and keys have no norms, and {llama} asks for them from {architecture.BlocksWithQueryKeyNorms} blocks on"
            : null;
    }

    private static string? Rotation(GgufArchitecture architecture, DecoderConfig config, string llama)
    {
        if (config.WindowRotary?.Scaling is not null)
            return $"the rotation of blocks with a window is scaled, and {llama} scales that of the others only";
        if (architecture.UnrotatedPeriod is { } period && Enumerable.Range(0, config.BlockCount)
            .Any(block => config.RotaryOf(block) is null != (block % period == period - 1)))
            return $"queries and keys are turned in other blocks than those of {llama}, which turns all but every {period}th";
        if (architecture.UnrotatedPeriod is null && config.Rotary is not null
            && Enumerable.Range(0, config.BlockCount).FirstOrDefault(block => config.RotaryOf(block) is null, -1) is >= 0 and int plain)
            return $"queries and keys of block {plain} are not turned, and {llama} turns all";
        if (config.Rotary?.Dimensions(config.RotarySize) is { } turned && turned % 2 != 0)
            return $"partial_rotary_factor leaves {turned} of a head to turn, and {llama} asks for an even number";
        if (config.Rotary?.Scaling is not { } scaling) return null;
        string Spelling(RotaryScalingKind kind) => Scalings.First(row => row.Kind == kind).Spelling;
        if (!architecture.Scalings.Contains(scaling.Kind))
            return $"rope_type is {Spelling(scaling.Kind)}, which {llama} does not compute; default, "
                + $"{string.Join(", ", architecture.Scalings.Select(Spelling))} it does";
        if (scaling.Kind != RotaryScalingKind.Yarn) return null;
        if (!scaling.Truncate) return $"truncate of yarn is false, and {llama} truncates";
        return scaling.BetaFast == BetaFast && scaling.BetaSlow == BetaSlow ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"beta_fast and beta_slow of yarn are {scaling.BetaFast} and {scaling.BetaSlow}, and {llama} takes {BetaFast} and {BetaSlow}");
    }

    private static string? Scale(GgufArchitecture architecture, DecoderConfig config, string llama)
    {
        if (config.AttentionScaleFallsByBlock) return $"scale_attn_by_inverse_layer_idx is true, and {llama} scales all blocks alike";
        if (architecture.AttentionScale(config) is not { } theirs) return null;
        double ours = config.AttentionScaleOf(0);
        return Math.Abs(ours - theirs) <= SameScale * theirs ? null
            : string.Create(CultureInfo.InvariantCulture, $"attention is scaled by {ours:g6}, and {llama} scales it by {theirs:g6}");
    }

    private static string? SoftCaps(GgufArchitecture architecture, DecoderConfig config, string llama)
    {
        if (architecture.AlwaysHasSoftCaps)
            return config.AttentionSoftCap is null || config.LogitSoftCap is null
                ? $"attn_logit_softcapping or final_logit_softcapping is null, and {llama} always caps" : null;
        return config.AttentionSoftCap is not null ? $"attn_logit_softcapping is set, and {llama} does not cap attention" : null;
    }
}
