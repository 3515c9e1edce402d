namespace MaskLlm.Architectures.Families;

/// <summary>Nemotron-4 (arXiv 2402.16819): an MLP of squared ReLU without a gate, norms of one plus their weight, half of a head
/// turned.</summary>
internal static class NemotronFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096) { Epsilon = ("norm_eps", 1e-5), RotaryFraction = 0.5 };

    private static readonly TensorNames Names = new() { Gate = null };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("attention_bias");
        return LlamaFamily.Read(config, Defaults) with
        {
            Norm = NormKind.Layer,
            NormAddsOne = true,
            Activation = ActivationReader.Read(config, "hidden_act", Activation.ReluSquared),
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = config.Bool("mlp_bias"),
            Names = Names,
        };
    }
}
