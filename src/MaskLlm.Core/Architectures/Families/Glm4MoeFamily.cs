namespace MaskLlm.Architectures.Families;

/// <summary>GLM-4.5 (arXiv 2508.06471): the first blocks dense, then experts that are chosen by sigmoids with a correction beside an MLP
/// that every token goes through; half of a head turned.</summary>
internal static class Glm4MoeFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 131072, KeyValueHeads: 8)
    {
        Epsilon = ("rms_norm_eps", 1e-5),
        RotaryFraction = 0.5,
    };

    private static readonly SigmoidExperts Experts = new(Count: 128, Width: 1408, DenseBlocks: 1);

    internal static DecoderConfig Read(ConfigFile config) => Experts.AddTo(LlamaFamily.Read(config, Defaults), config) with
    {
        QueryKeyNorm = config.Bool("use_qk_norm") ? QueryKeyNorm.Head : QueryKeyNorm.None,
        QueryKeyValueBias = config.Bool("attention_bias"),
    };
}
