namespace MaskLlm.Serving.Http;

/// <summary>One field of a request.</summary>
/// <param name="Name">As in JSON.</param>
/// <param name="Use">What becomes of it.</param>
/// <param name="Note">What its value can be, or why it is not served.</param>
/// <param name="Neutral">Of a refused field: the values, as JSON, that ask for nothing; null always does.</param>
internal sealed record FieldRow(string Name, FieldUse Use, string Note, IReadOnlyList<string> Neutral)
{
    internal static FieldRow Served(string name, string note) => new(name, FieldUse.Served, note, []);

    internal static FieldRow Ignored(string name, string note) => new(name, FieldUse.Ignored, note, []);

    internal static FieldRow Refused(string name, string note, params string[] neutral) => new(name, FieldUse.Refused, note, neutral);
}
