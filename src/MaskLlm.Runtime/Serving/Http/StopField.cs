using System.Text.Json;

namespace MaskLlm.Serving.Http;

/// <summary>The texts that end a text: a string, or up to four.</summary>
internal static class StopField
{
    private const string Name = "stop";
    private const int Most = 4, LongestCharacters = 1000;

    internal static IReadOnlyList<string> Read(RequestFields fields)
    {
        if (fields.Element(Name) is not { } stop) return [];
        string[] texts = stop.ValueKind == JsonValueKind.Array ? [.. stop.EnumerateArray().Select(text => RequestFields.TextOf(text, Name))]
            : [RequestFields.TextOf(stop, Name)];
        if (texts.Length > Most) throw ApiException.Wrong(Name, $"there are {texts.Length} texts and at most {Most} can be given.");
        if (texts.Any(text => text.Length is 0 or > LongestCharacters))
            throw ApiException.Wrong(Name, $"each text has from 1 to {LongestCharacters} characters.");
        return texts;
    }
}
