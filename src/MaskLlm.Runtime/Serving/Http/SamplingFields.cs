using MaskLlm.Decoding;

namespace MaskLlm.Serving.Http;

/// <summary>How tokens are drawn, with OpenAI's defaults.</summary>
internal static class SamplingFields
{
    // As vLLM's for all tokens.
    private const int AllTokens = -1;

    internal static SamplingOptions Read(RequestFields fields)
    {
        SamplingOptions options = new() { Temperature = 1, Seed = unchecked((ulong)(fields.Long("seed") ?? Random.Shared.NextInt64())) };
        if (fields.Number("temperature") is { } temperature) options = Checked("temperature", options with { Temperature = temperature });
        if (fields.Number("top_p") is { } topP) options = Checked("top_p", options with { TopP = topP });
        if (fields.Integer("top_k") is { } topK) options = Checked("top_k", options with { TopK = topK == AllTokens ? 0 : topK });
        if (fields.Number("repetition_penalty") is { } penalty)
            options = Checked("repetition_penalty", options with { RepetitionPenalty = penalty });
        return options;
    }

    // One field more each time: what is out of range now is that field.
    private static SamplingOptions Checked(string field, SamplingOptions options)
    {
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException e)
        {
            throw ApiException.Wrong(field, e.Message);
        }
    }
}
