namespace MaskLlm.Architectures.Families;

/// <summary>Phi-1 to Phi-2: attention and MLP side by side behind one norm, a part of a head turned, biases everywhere.</summary>
internal static class PhiFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 2048) { Epsilon = ("layer_norm_eps", 1e-5), RotaryFraction = 0.5 };

    private static readonly TensorNames Names = new()
    {
        FinalNorm = "model.final_layernorm",
        MlpNorm = TensorNames.Llama.InputNorm,
        AttentionOutput = "self_attn.dense",
        QueryNorm = "self_attn.q_layernorm",
        KeyNorm = "self_attn.k_layernorm",
        Gate = null,
        Up = "mlp.fc1",
        Down = "mlp.fc2",
    };

    internal static DecoderConfig Read(ConfigFile config) => LlamaFamily.Read(config, Defaults) with
    {
        Norm = NormKind.Layer,
        Activation = ActivationReader.Read(config, "hidden_act", Activation.GeluTanh),
        IsParallel = true,
        QueryKeyNorm = config.Bool("qk_layernorm") ? QueryKeyNorm.Head : QueryKeyNorm.None,
        QueryKeyValueBias = true,
        AttentionOutputBias = true,
        MlpBias = true,
        HeadBias = true,
        Names = Names,
    };
}
