using System.Text.Json;
using MaskLlm.Decoding;

namespace MaskLlm.Serving.Http;

/// <summary>A request as it was read.</summary>
/// <param name="Request">What the model is asked.</param>
/// <param name="IsStream">Whether pieces are sent as they come.</param>
/// <param name="WantsUsage">Of a stream: whether its last piece counts tokens.</param>
internal sealed record TextCall(TextRequest Request, bool IsStream, bool WantsUsage)
{
    private const string TokensName = "max_tokens", NewTokensName = "max_completion_tokens";

    /// <exception cref="ApiException">A field is wrong or asks for what is not served.</exception>
    /// <exception cref="ArgumentException">The template refuses the conversation.</exception>
    internal static TextCall Read(JsonElement body, ServedModel model, ITextShape shape)
    {
        RequestFields fields = new(body, shape.Fields);
        if (fields.Text("model") is { } name) model.RequireName(name);
        bool isStream = fields.Flag("stream") ?? false,
            wantsUsage = fields.Object("stream_options", RequestTables.StreamOptions)?.Flag("include_usage") ?? false;
        (int? tokens, int? newTokens) = (fields.Integer(TokensName), fields.Integer(NewTokensName));
        if (tokens is not null && newTokens is not null && tokens != newTokens)
            throw ApiException.Wrong(NewTokensName, $"it is {newTokens} and {TokensName} is {tokens}; give one of them.");
        IReadOnlyList<string> stops = StopField.Read(fields);
        int[] stopIds = fields.TokenIds("stop_token_ids", model.Batch.VocabularySize);
        // Last, as it takes most: what is wrong elsewhere is known before.
        SamplingOptions sampling = SamplingFields.Read(fields);
        TextPrompt prompt = shape.Prompt(fields, model);
        int most = tokens ?? newTokens ?? Math.Max(1, Math.Min(shape.DefaultTokens, model.Batch.MostTokens(prompt.Ids.Count)));
        TextRequest request = new(prompt.Ids, most, sampling, stops)
        {
            IsTurn = prompt.IsTurn,
            StopIds = stopIds,
            PromptField = shape.PromptField,
            TokensField = newTokens is null ? TokensName : NewTokensName,
        };
        return new TextCall(request, isStream, wantsUsage);
    }
}
