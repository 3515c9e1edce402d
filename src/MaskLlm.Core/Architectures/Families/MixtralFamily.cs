namespace MaskLlm.Architectures.Families;

/// <summary>Mixtral (arXiv 2401.04088): Mistral with experts in every block, whose scores sum to one for each token.</summary>
internal static class MixtralFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 8)
    {
        Epsilon = ("rms_norm_eps", 1e-5),
        Theta = 1e6,
    };

    private static readonly TensorNames Names = new()
    {
        Router = "block_sparse_moe.gate",
        Experts = "block_sparse_moe.experts.",
        ExpertGate = "w1",
        ExpertUp = "w3",
        ExpertDown = "w2",
    };

    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config, Defaults);
        int? window = config.Int("sliding_window", absent: null, ifNull: null);
        return decoder with
        {
            SlidingWindows = [.. Enumerable.Repeat(window, decoder.BlockCount)],
            Experts = new ExpertsConfig
            {
                Count = ExpertsReader.Count(config, absent: 8),
                PerToken = config.Int("num_experts_per_tok", 2),
                Width = decoder.IntermediateSize,
                NormalizesChosen = true,
            },
            Names = Names,
        };
    }
}
