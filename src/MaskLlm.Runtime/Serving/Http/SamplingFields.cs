using System.Numerics;
using MaskLlm.Decoding;
using MaskLlm.Numerals;

namespace MaskLlm.Serving.Http;

/// <summary>How tokens are drawn, with OpenAI's defaults.</summary>
internal static class SamplingFields
{
    // As vLLM's for all tokens.
    private const int AllTokens = -1;

    internal static SamplingOptions Read(RequestFields fields)
    {
        SamplingOptions options = new() { Temperature = 1, Seed = unchecked((ulong)(fields.Long("seed") ?? Random.Shared.NextInt64())) };
        if (fields.Number("temperature") is { } temperature)
            options = options with { Temperature = Checked("temperature", OptionRanges.Temperature, temperature) };
        if (fields.Number("top_p") is { } topP) options = options with { TopP = Checked("top_p", OptionRanges.TopP, topP) };
        if (fields.Integer("top_k") is { } topK)
            options = options with { TopK = Checked("top_k", OptionRanges.TopK, topK == AllTokens ? 0 : topK) };
        if (fields.Number("repetition_penalty") is { } penalty)
            options = options with { RepetitionPenalty = Checked("repetition_penalty", OptionRanges.RepetitionPenalty, penalty) };
        return options;
    }

    // The answer begins with the field.
    private static T Checked<T>(string field, NumberRange<T> range, T value)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        try
        {
            (range with { Subject = "it" }).Require(value);
            return value;
        }
        catch (ArgumentException e)
        {
            throw ApiException.Wrong(field, e.Message);
        }
    }
}
