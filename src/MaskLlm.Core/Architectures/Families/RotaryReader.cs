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

    internal static RotaryConfig Read(ConfigFile config)
    {
        ConfigFile? scaling = config.Object(Scaling), parameters = config.Object(Parameters);
        if (scaling is { IsEmpty: true }) scaling = null;
        ConfigFile? taken = scaling ?? parameters;
        if (scaling is not null && parameters is { IsEmpty: false })
            config.Notes.Add(
                $"{config.Where}{Scaling} is taken and {Parameters} beside it is not read, as in transformers; remove one of the two.");
        RequireWhole(config);
        if (taken is null) return new RotaryConfig(ThetaOf(config));
        RequireWhole(taken);
        return new RotaryConfig(taken.Names(Theta) ? taken.Double(Theta) : ThetaOf(config), ScalingOf(config, taken));
    }

    private static double ThetaOf(ConfigFile config) => config.Double(Theta, FamilyDefaults.RotaryTheta);

    private static void RequireWhole(ConfigFile config)
    {
        if (config.Value(Partial)?.Number() is { } part && part != 1)
            throw config.Unsupported(Partial, part.ToString(CultureInfo.InvariantCulture), "1, which turns all dimensions of a head,");
    }

    private static RotaryScaling? ScalingOf(ConfigFile config, ConfigFile scaling)
    {
        string kind = scaling.Names(Type) ? scaling.Text(Type) ?? "null" : scaling.Text("type") ?? "default";
        return kind switch
        {
            "default" => null,
            "linear" => new RotaryScaling(RotaryScalingKind.Linear, scaling.Double("factor")),
            "llama3" => Llama3(config, scaling),
            _ => throw scaling.Unsupported(Type, $"\"{Json.JsonValue.Shortened(kind)}\"", "default, linear and llama3"),
        };
    }

    // The length beside the settings goes before the one among them, and without either the model's own is taken: as in transformers.
    private static RotaryScaling Llama3(ConfigFile config, ConfigFile scaling)
    {
        double low = scaling.Double("low_freq_factor"), high = scaling.Double("high_freq_factor");
        if (high <= low) throw scaling.Contradiction(string.Create(
            CultureInfo.InvariantCulture, $"high_freq_factor {high} is not more than low_freq_factor {low}."));
        int original = config.Has(Original) ? config.Int(Original)
            : scaling.Has(Original) ? scaling.Int(Original)
            : config.Int("max_position_embeddings");
        return new RotaryScaling(RotaryScalingKind.Llama3, scaling.Double("factor"), low, high, original);
    }
}
