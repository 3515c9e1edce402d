namespace MaskLlm.Architectures.Families;

/// <summary>Seed-OSS: Llama with biases of query, key and value.</summary>
internal static class SeedOssFamily
{
    private static readonly FamilyDefaults Defaults = new(MaxPositions: 524288, KeyValueHeads: 8, HeadSize: 128);

    internal static DecoderConfig Read(ConfigFile config) => LlamaFamily.Read(config, Defaults) with
    {
        QueryKeyValueBias = config.Bool("attention_bias", absent: true),
        AttentionOutputBias = config.Bool("attention_out_bias"),
        MlpBias = config.Bool("mlp_bias"),
    };
}
