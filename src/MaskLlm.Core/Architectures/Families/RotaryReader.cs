using System.Globalization;

namespace MaskLlm.Architectures.Families;

/// <summary>
/// Reads rotary settings in the spelling of transformers 4 (rope_theta, rope_scaling) and 5 (rope_parameters). Where a file has both,
/// rope_scaling is taken as a whole and rope_parameters is not read, as transformers does.
/// </summary>
internal static class RotaryReader
{
    private const string Scaling = "rope_scaling", Parameters = "rope_parameters", Theta = "rope_theta", Type = "rope_type";
    private const string Partial = "partial_rotary_factor", Original = "original_max_position_embeddings";

    internal static RotaryConfig Read(ConfigFile config, FamilyDefaults defaults)
    {
        ConfigFile? parameters = config.Object(Parameters), scaling = ScalingObject(config), taken = Settings(config);
        if (scaling is not null && parameters is { IsEmpty: false } && !defaults.RotatesByKindOfBlock)
            config.Notes.Add(
                $"{config.Where}{Scaling} is taken and {Parameters} beside it is not read, as in transformers; remove one of the two.");
        if (!defaults.RotatesByKindOfBlock && parameters is not null)
            foreach (string kind in LayerTypes.Kinds)
                if (parameters.Has(kind))
                    throw config.Unsupported($"{Parameters}.{kind}", "present", "one object of rotary settings for all blocks");
        RequireWhole(config, defaults);
        double theta = config.Double(defaults.ThetaKey, defaults.Theta);
        double fraction = config.DoubleOrNull(defaults.RotaryFractionKey) ?? defaults.RotaryFraction ?? 1;
        if (taken is null) return new RotaryConfig(theta, Fraction: fraction);
        RequireWhole(taken, defaults);
        return OfSettings(config, taken, defaults, theta, fraction);
    }

    /// <summary>The object whose settings are taken, or null.</summary>
    internal static ConfigFile? Settings(ConfigFile config) => ScalingObject(config) ?? config.Object(Parameters);

    /// <summary>What yarn multiplies queries and keys by: Peng et al., equation 22, with the factor on its logarithm.</summary>
    internal static double Length(double factor, double scale) => factor <= 1 ? 1 : 0.1 * scale * Math.Log(factor) + 1;

    private static ConfigFile? ScalingObject(ConfigFile config) =>
        config.Object(Scaling) is { IsEmpty: false } scaling ? scaling : null;

    /// <summary>Rotary settings of one object.</summary>
    /// <param name="config">The file.</param>
    /// <param name="settings">The object.</param>
    /// <param name="defaults">Of the family.</param>
    /// <param name="theta">Where it has none.</param>
    /// <param name="fraction">The same.</param>
    internal static RotaryConfig OfSettings(ConfigFile config, ConfigFile settings, FamilyDefaults defaults, double theta,
        double fraction = 1) =>
        new(
            settings.Names(Theta) ? settings.Double(Theta) : theta,
            ScalingOf(config, settings, defaults),
            settings.DoubleOrNull(Partial) ?? fraction);

    private static void RequireWhole(ConfigFile config, FamilyDefaults defaults)
    {
        if (defaults.RotaryFraction is null && config.Value(Partial)?.Number() is { } part && part != 1)
            throw config.Unsupported(Partial, part.ToString(CultureInfo.InvariantCulture), "1, which turns all dimensions of a head,");
    }

    private static RotaryScaling? ScalingOf(ConfigFile config, ConfigFile scaling, FamilyDefaults defaults)
    {
        string kind = scaling.Names(Type) ? scaling.Text(Type) ?? "null" : scaling.Text("type") ?? "default";
        int longest = config.Int("max_position_embeddings", defaults.MaxPositions);
        int original = OriginalOf(config, scaling, defaults, longest);
        if (defaults.ScalesByLongRopeAlone)
            return kind switch
            {
                "default" => null,
                "longrope" or "su" or "yarn" => LongRope(scaling, longest, original),
                _ => throw scaling.Unsupported(Type, $"\"{Json.JsonValue.Shortened(kind)}\"", "default and longrope"),
            };
        return kind switch
        {
            "default" => null,
            "linear" => new RotaryScaling(RotaryScalingKind.Linear, scaling.Double("factor")),
            "llama3" => Llama3(scaling, original),
            "yarn" => Yarn(scaling, longest, original),
            "longrope" or "su" => LongRope(scaling, longest, original),
            "dynamic" => new RotaryScaling(RotaryScalingKind.Dynamic, scaling.Double("factor"), OriginalMaxPositions: longest),
            _ => throw scaling.Unsupported(Type, $"\"{Json.JsonValue.Shortened(kind)}\"",
                "default, linear, llama3, yarn, longrope and dynamic"),
        };
    }

    // By default the length of attention's logits is kept.
    private static RotaryScaling Yarn(ConfigFile scaling, int longest, int original)
    {
        double factor = scaling.DoubleOrNull("factor") ?? (double)longest / original;
        // Zero is no scale, as in Python.
        double scale = scaling.DoubleOrNull("mscale") ?? 0, all = scaling.DoubleOrNull("mscale_all_dim") ?? 0;
        return new RotaryScaling(RotaryScalingKind.Yarn, factor, OriginalMaxPositions: original)
        {
            BetaFast = scaling.DoubleOrNull("beta_fast") ?? 32,
            BetaSlow = scaling.DoubleOrNull("beta_slow") ?? 1,
            Truncate = scaling.Bool("truncate", absent: true),
            AttentionFactor = scaling.DoubleOrNull("attention_factor")
                ?? (scale > 0 && all > 0 ? Length(factor, scale) / Length(factor, all) : Length(factor, 1)),
        };
    }

    private static RotaryScaling LongRope(ConfigFile scaling, int longest, int original)
    {
        double factor = scaling.DoubleOrNull("factor") ?? (double)longest / original;
        return new RotaryScaling(RotaryScalingKind.LongRope, factor, OriginalMaxPositions: original)
        {
            ShortFactors = scaling.Doubles("short_factor")
                ?? throw scaling.Contradiction("short_factor is missing; longrope has one for each pair."),
            LongFactors = scaling.Doubles("long_factor")
                ?? throw scaling.Contradiction("long_factor is missing; longrope has one for each pair."),
            AttentionFactor = scaling.DoubleOrNull("attention_factor")
                ?? (factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original))),
        };
    }

    // The length beside the settings goes before the one among them, and without either the model's own is taken: as in transformers.
    private static int OriginalOf(ConfigFile config, ConfigFile scaling, FamilyDefaults defaults, int longest) =>
        config.Has(Original) ? config.Int(Original)
        : defaults.OriginalMaxPositions ?? (scaling.Has(Original) ? scaling.Int(Original) : longest);

    private static RotaryScaling Llama3(ConfigFile scaling, int original)
    {
        double low = scaling.Double("low_freq_factor"), high = scaling.Double("high_freq_factor");
        if (high <= low) throw scaling.Contradiction(string.Create(
            CultureInfo.InvariantCulture, $"high_freq_factor {high} is not more than low_freq_factor {low}."));
        return new RotaryScaling(RotaryScalingKind.Llama3, scaling.Double("factor"), low, high, original);
    }
}
