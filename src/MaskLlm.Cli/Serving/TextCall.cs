using System.Text.Json;
using MaskLlm.Serving;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary>A request as it was read.</summary>
/// <param name="Request">What the model is asked.</param>
/// <param name="IsStream">Whether pieces are sent as they come.</param>
/// <param name="WantsUsage">Of a stream: whether its last piece counts tokens.</param>
internal sealed record TextCall(TextRequest Request, bool IsStream, bool WantsUsage)
{
    /// <exception cref="ApiException">A field is wrong or asks for what is not served.</exception>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    internal static TextCall Read(JsonElement body, ServedModel model, ITextShape shape)
    {
        RequestFields fields = new(body);
        if (fields.Text("model") is { } name && name != model.Name)
            throw new ApiException(StatusCodes.Status404NotFound, $"the model {name} is not served; {model.Name} is.", "model", "model_not_found");
        UnservedFields.Refuse(fields);
        IReadOnlyList<string> stops = StopField.Read(fields);
        bool isStream = fields.Flag("stream") ?? false, wantsUsage = fields.Object("stream_options")?.Flag("include_usage") ?? false;
        IReadOnlyList<int> prompt = shape.Prompt(fields, model);
        int tokens = fields.Integer("max_completion_tokens") ?? fields.Integer("max_tokens")
            ?? Math.Max(1, Math.Min(shape.DefaultTokens, model.Batch.MostTokens(prompt.Count)));
        return new TextCall(new TextRequest(prompt, tokens, SamplingFields.Read(fields), stops) { IsTurn = shape.IsTurn }, isStream, wantsUsage);
    }
}
