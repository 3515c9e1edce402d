using System.Text.Json;

namespace MaskLlm.Cli.Serving;

/// <summary>Fields of OpenAI's that would change the answer and that are not served: refused where they ask for something, never ignored.</summary>
internal static class UnservedFields
{
    internal static void Refuse(RequestFields fields)
    {
        foreach (string name in (string[])["n", "best_of"])
            if (fields.Integer(name) is { } count and not 1) throw ApiException.Wrong(name, $"{count} answers are asked for; a request gives 1.");
        foreach (string name in (string[])["frequency_penalty", "presence_penalty"])
            if (fields.Number(name) is not (null or 0)) throw ApiException.Wrong(name, "only 0 is served; repetition_penalty is.");
        foreach (string name in (string[])["logprobs", "top_logprobs", "echo", "suffix", "logit_bias", "tools", "functions", "audio"])
            if (fields.Element(name) is { } value && Asks(value)) throw ApiException.Wrong(name, "this is not served; leave it out.");
        if (fields.Object("response_format")?.Text("type") is not (null or "text")) throw ApiException.Wrong("response_format", "only text is served.");
    }

    // logprobs of 0 asks for those of the tokens drawn; false, an empty list and an empty text ask for nothing.
    private static bool Asks(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => false,
        JsonValueKind.String => !value.ValueEquals(""),
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };
}
