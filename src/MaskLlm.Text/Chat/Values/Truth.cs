namespace MaskLlm.Chat.Values;

/// <summary>Python's <c>bool()</c>.</summary>
internal static class Truth
{
    /// <summary>Whether a value counts as true: not none, not zero, not empty, not undefined.</summary>
    public static bool Of(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        Sequence sequence => !sequence.HasLength || sequence.Items.Count > 0,
        Mapping mapping => mapping.Count > 0,
        _ => true,
    };
}
