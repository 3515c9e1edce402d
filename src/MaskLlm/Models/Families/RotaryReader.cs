namespace MaskLlm.Models.Families;

/// <summary>Reads rotary settings in the spelling of transformers 4 (rope_theta, rope_scaling) and 5 (rope_parameters).</summary>
internal static class RotaryReader
{
    internal static RotaryConfig Read(ConfigFile config)
    {
        ConfigFile? parameters = config.Object("rope_parameters");
        ConfigFile? scaling = parameters ?? config.Object("rope_scaling");
        double theta = parameters?.Has("rope_theta") == true ? parameters.Double("rope_theta") : config.Double("rope_theta", 10000);
        return new RotaryConfig(theta, scaling is null ? null : Scaling(config, scaling));
    }

    private static RotaryScaling? Scaling(ConfigFile config, ConfigFile scaling)
    {
        string kind = scaling.Text("rope_type") ?? scaling.Text("type") ?? "default";
        return kind switch
        {
            "default" => null,
            "linear" => new RotaryScaling(RotaryScalingKind.Linear, scaling.Double("factor")),
            "llama3" => new RotaryScaling(
                RotaryScalingKind.Llama3,
                scaling.Double("factor"),
                scaling.Double("low_freq_factor"),
                scaling.Double("high_freq_factor"),
                scaling.Int("original_max_position_embeddings")),
            _ => throw config.Unsupported("rope_type", kind, "default, linear and llama3"),
        };
    }
}
