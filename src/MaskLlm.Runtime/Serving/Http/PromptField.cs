using System.Text.Json;

namespace MaskLlm.Serving.Http;

/// <summary>The prompt of a completion: a string, token ids, or a list of one of these.</summary>
internal static class PromptField
{
    internal const string Name = "prompt";

    internal static IReadOnlyList<int> Read(RequestFields fields, ServedModel model)
    {
        JsonElement prompt = fields.Element(Name) ?? throw ApiException.Wrong(Name, "it is missing; give a string or a list of token ids.");
        if (prompt.ValueKind == JsonValueKind.String) return Encode(prompt, model);
        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
            throw ApiException.Wrong(Name, "a string or a list of token ids is expected.");
        if (prompt[0].ValueKind == JsonValueKind.Number) return Ids(prompt, model);
        if (prompt.GetArrayLength() > 1)
            throw ApiException.Wrong(Name,
                $"there are {prompt.GetArrayLength()} prompts and a request can have one; send a request for each.");
        return prompt[0].ValueKind == JsonValueKind.Array ? Ids(prompt[0], model) : Encode(prompt[0], model);
    }

    private static int[] Encode(JsonElement text, ServedModel model) =>
        model.Encode(RequestFields.TextOf(text, Name), addSpecialTokens: true, Name);

    private static int[] Ids(JsonElement list, ServedModel model) => RequestFields.TokenIds(list, Name, model.Batch.VocabularySize);
}
