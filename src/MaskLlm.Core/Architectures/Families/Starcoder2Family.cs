namespace MaskLlm.Architectures.Families;

/// <summary>StarCoder 2 (arXiv 2402.19173): norms by mean and variance, biases, an MLP without a gate, a window in every block.</summary>
internal static class Starcoder2Family
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 4096, KeyValueHeads: 2)
    {
        Epsilon = ("norm_epsilon", 1e-5),
        TiesEmbeddings = true,
    };

    private static readonly TensorNames Names = new() { Gate = null, Up = "mlp.c_fc", Down = "mlp.c_proj" };

    internal static DecoderConfig Read(ConfigFile config)
    {
        bool bias = config.Bool("use_bias", absent: true);
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: null, ifNull: null);
        return decoder with
        {
            Norm = NormKind.Layer,
            Activation = ActivationReader.Read(config, "hidden_act", Activation.GeluTanh),
            SlidingWindows = [.. Enumerable.Repeat(window, decoder.BlockCount)],
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            Names = Names,
        };
    }
}
