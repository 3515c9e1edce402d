namespace MaskLlm.Architectures.Families;

/// <summary>StableLM 3B, 1.6B and Zephyr: Llama with norms by mean and variance and a quarter of a head turned.</summary>
internal static class StableLmFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096, KeyValueHeads: 32)
    {
        Epsilon = ("layer_norm_eps", 1e-5),
        RotaryFraction = 0.25,
    };

    private static readonly TensorNames OneNorm = new() { MlpNorm = TensorNames.Llama.InputNorm };

    internal static DecoderConfig Read(ConfigFile config)
    {
        // Each head has a norm of its own, in a tensor of its own (12B).
        if (config.Bool("qk_layernorm")) throw config.Unsupported("qk_layernorm", "true", "false, queries and keys as they are,");
        bool isParallel = config.Bool("use_parallel_residual");
        return LlamaFamily.Read(config, Defaults) with
        {
            Norm = NormKind.Layer,
            IsParallel = isParallel,
            QueryKeyValueBias = config.Bool("use_qkv_bias"),
            Names = isParallel ? OneNorm : TensorNames.Llama,
        };
    }
}
