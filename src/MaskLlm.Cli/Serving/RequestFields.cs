using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary>The fields of a JSON object; one that is null is as one that is not there.</summary>
internal sealed class RequestFields
{
    private readonly JsonElement _body;
    private readonly string _path;

    /// <param name="body">Must be an object.</param>
    /// <param name="path">Before the names of its fields, in errors.</param>
    /// <exception cref="ApiException">It is no object.</exception>
    internal RequestFields(JsonElement body, string path = "")
    {
        if (body.ValueKind != JsonValueKind.Object) throw new ApiException(StatusCodes.Status400BadRequest, $"{(path.Length == 0 ? "the body" : path.TrimEnd('.'))} is no JSON object.");
        (_body, _path) = (body, path);
    }

    internal JsonElement? Element(string name) => _body.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal string? Text(string name) => Element(name) is { } value ? TextOf(value, _path + name) : null;

    internal int? Integer(string name)
    {
        if (Element(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw ApiException.Wrong(_path + name, "a whole number is expected.");
    }

    internal long? Long(string name)
    {
        if (Element(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : throw ApiException.Wrong(_path + name, "a whole number is expected.");
    }

    internal float? Number(string name)
    {
        if (Element(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number) ? number : throw ApiException.Wrong(_path + name, "a number is expected.");
    }

    internal bool? Flag(string name) => Element(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw ApiException.Wrong(_path + name, "true or false is expected."),
    };

    internal RequestFields? Object(string name) => Element(name) is { } value ? new RequestFields(value, $"{_path}{name}.") : null;

    /// <summary>The text of a JSON string.</summary>
    /// <exception cref="ApiException">It is no string, or holds half a surrogate pair.</exception>
    internal static string TextOf(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.String) throw ApiException.Wrong(field, "a string is expected.");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Wrong(field, "the string is no valid Unicode text.");
        }
    }
}
