using System.Text.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Serving;

/// <summary>The prompt of a completion: a string, token ids, or a list of one of these.</summary>
internal static class PromptField
{
    private const string Name = "prompt";

    internal static IReadOnlyList<int> Read(RequestFields fields, Tokenizer tokenizer)
    {
        JsonElement prompt = fields.Element(Name) ?? throw ApiException.Wrong(Name, "it is missing; give a string or a list of token ids.");
        if (prompt.ValueKind == JsonValueKind.String) return Encode(prompt, tokenizer);
        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0) throw ApiException.Wrong(Name, "a string or a list of token ids is expected.");
        if (prompt[0].ValueKind == JsonValueKind.Number) return Ids(prompt);
        if (prompt.GetArrayLength() > 1) throw ApiException.Wrong(Name, $"there are {prompt.GetArrayLength()} prompts and a request can have one; send a request for each.");
        return prompt[0].ValueKind == JsonValueKind.Array ? Ids(prompt[0]) : Encode(prompt[0], tokenizer);
    }

    private static int[] Encode(JsonElement text, Tokenizer tokenizer) => tokenizer.Encode(RequestFields.TextOf(text, Name), addSpecialTokens: true);

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id =>
        id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) ? value : throw ApiException.Wrong(Name, "token ids are whole numbers."))];
}
