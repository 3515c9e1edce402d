using MaskLlm.Runtime;

namespace MaskLlm.Cli.Serving;

/// <summary>How tokens are drawn, with OpenAI's defaults.</summary>
internal static class SamplingFields
{
    internal static SamplingOptions Read(RequestFields fields)
    {
        SamplingOptions options = new()
        {
            Temperature = fields.Number("temperature") ?? 1,
            TopP = fields.Number("top_p") ?? 1,
            TopK = fields.Integer("top_k") ?? 0,
            RepetitionPenalty = fields.Number("repetition_penalty") ?? 1,
            Seed = fields.Long("seed") is { } seed ? unchecked((ulong)seed) : unchecked((ulong)Random.Shared.NextInt64()),
        };
        options.Validate();
        return options;
    }
}
