using MaskLlm.Architectures;

namespace MaskLlm.Packing.Gguf;

/// <summary>Which matrices of a block have a bias.</summary>
[Flags]
internal enum GgufBiases
{
    None = 0,
    QueryKeyValue = 1,
    AttentionOutput = 2,
    Mlp = 4,
    All = QueryKeyValue | AttentionOutput | Mlp,
}

/// <summary>Reads them off a plan.</summary>
internal static class GgufBiasesOfPlan
{
    internal static GgufBiases Of(DecoderConfig config) =>
        (config.QueryKeyValueBias ? GgufBiases.QueryKeyValue : GgufBiases.None)
        | (config.AttentionOutputBias ? GgufBiases.AttentionOutput : GgufBiases.None)
        | (config.MlpBias ? GgufBiases.Mlp : GgufBiases.None);
}
