using System.Text.Json;
using MaskLlm.Numerals;

namespace MaskLlm.Serving.Http;

/// <summary>The fields that an object of a request can have. A field that is in no row is refused: it may change the answer.</summary>
internal sealed class FieldTable
{
    private readonly Dictionary<string, FieldRow> _rows;

    /// <param name="title">What the object is, for the documentation.</param>
    /// <param name="rows">Each name once.</param>
    internal FieldTable(string title, params FieldRow[] rows)
    {
        (Title, Rows) = (title, rows);
        _rows = rows.ToDictionary(row => row.Name, StringComparer.Ordinal);
    }

    internal string Title { get; }

    internal IReadOnlyList<FieldRow> Rows { get; }

    /// <summary>Whether a field is read.</summary>
    internal bool Serves(string name) => _rows.TryGetValue(name, out FieldRow? row) && row.Use == FieldUse.Served;

    /// <summary>Holds the fields of an object against the table.</summary>
    /// <param name="body">The object.</param>
    /// <param name="path">Before the names of its fields, in errors.</param>
    /// <exception cref="ApiException">A field asks for what is not served, or is not known.</exception>
    internal void Check(JsonElement body, string path)
    {
        foreach (JsonProperty field in body.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null) continue;
            if (!_rows.TryGetValue(field.Name, out FieldRow? row))
                throw ApiException.Wrong(path + field.Name, $"there is no such field{Nearest(field.Name)}; leave it out.");
            if (row.Use == FieldUse.Refused && !row.Neutral.Any(neutral => IsEqual(field.Value, neutral)))
            {
                string others = row.Neutral.Count == 0 ? "" : $", or give {string.Join(" or ", row.Neutral)}";
                throw ApiException.Wrong(path + field.Name, $"{row.Note}; leave it out{others}.");
            }
        }
    }

    private static bool IsEqual(JsonElement value, string neutral)
    {
        using JsonDocument document = JsonDocument.Parse(neutral);
        return JsonElement.DeepEquals(value, document.RootElement);
    }

    private string Nearest(string name)
    {
        if (name.Length > NearestName.Longest) return "";
        return NearestName.Hint(name, _rows.Values.Where(row => row.Use == FieldUse.Served).Select(row => row.Name));
    }
}
