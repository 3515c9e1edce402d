using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>The fields of a JSON object, held against its table; one that is null is as one that is not there.</summary>
internal sealed class RequestFields
{
    private readonly JsonElement _body;
    private readonly FieldTable _table;
    private readonly string _path;

    /// <param name="body">Must be an object.</param>
    /// <param name="table">The fields that it can have.</param>
    /// <param name="path">Before the names of its fields, in errors; empty for the body itself.</param>
    /// <exception cref="ApiException">It is no object, or a field is not served.</exception>
    internal RequestFields(JsonElement body, FieldTable table, string path = "")
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw path.Length == 0
                ? new ApiException(StatusCodes.Status400BadRequest, "the body is no JSON object.")
                : ApiException.Wrong(path.TrimEnd('.'), "an object is expected.");
        }
        table.Check(body, path);
        (_body, _table, _path) = (body, table, path);
    }

    internal JsonElement? Element(string name)
    {
        // What is read and what the table says is read cannot drift apart.
        if (!_table.Serves(name)) throw new InvalidOperationException($"{name} is read and {_table.Title} does not say so.");
        return _body.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    internal string? Text(string name) => Element(name) is { } value ? TextOf(value, _path + name) : null;

    internal int? Integer(string name) => Element(name) is { } value ? (int)Whole(value, _path + name, int.MinValue, int.MaxValue) : null;

    internal long? Long(string name) => Element(name) is { } value ? Whole(value, _path + name, long.MinValue, long.MaxValue) : null;

    internal float? Number(string name)
    {
        if (Element(name) is not { } value) return null;
        // One that is beyond the type is infinite, and beyond the range that the field has.
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) ? number
            : throw ApiException.Wrong(_path + name, "a number is expected.");
    }

    internal bool? Flag(string name) => Element(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw ApiException.Wrong(_path + name, "true or false is expected."),
    };

    internal RequestFields? Object(string name, FieldTable table) => Element(name) is { } value
        ? new RequestFields(value, table, $"{_path}{name}.") : null;

    /// <summary>A list of token ids; empty where it is not there.</summary>
    /// <param name="name">The field.</param>
    /// <param name="vocabularySize">V: ids end before it.</param>
    internal int[] TokenIds(string name, int vocabularySize)
    {
        if (Element(name) is not { } list) return [];
        return list.ValueKind == JsonValueKind.Array ? TokenIds(list, _path + name, vocabularySize)
            : throw ApiException.Wrong(_path + name, "a list of token ids is expected.");
    }

    internal static int[] TokenIds(JsonElement list, string field, int vocabularySize)
    {
        int[] ids = new int[list.GetArrayLength()];
        int at = 0;
        foreach (JsonElement id in list.EnumerateArray())
        {
            long value = Whole(id, field, long.MinValue, long.MaxValue);
            if ((ulong)value >= (ulong)vocabularySize)
                throw ApiException.Wrong(field, $"the token {value} is none of the model's, whose ids end at {vocabularySize - 1}.");
            ids[at++] = (int)value;
        }
        return ids;
    }

    // JSON has one kind of number, and some clients write 4.0 for 4.
    private static long Whole(JsonElement value, string field, long least, long most)
    {
        if (value.ValueKind != JsonValueKind.Number) throw ApiException.Wrong(field, "a whole number is expected.");
        if (!value.TryGetInt64(out long whole))
        {
            // One type has the digits and the other the size.
            bool hasDigits = value.TryGetDecimal(out decimal digits), hasSize = value.TryGetDouble(out double size)
                && double.IsFinite(size);
            if ((hasDigits && !decimal.IsInteger(digits)) || (hasSize && !double.IsInteger(size)))
                throw ApiException.Wrong(field, "a whole number is expected.");
            bool isWithin = hasDigits && digits >= long.MinValue && digits <= long.MaxValue;
            if (!isWithin) throw ApiException.Wrong(field, $"a whole number from {least} to {most} is expected.");
            whole = (long)digits;
        }
        return whole >= least && whole <= most ? whole
            : throw ApiException.Wrong(field, $"a whole number from {least} to {most} is expected.");
    }

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
