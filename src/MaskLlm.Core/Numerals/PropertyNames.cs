namespace MaskLlm.Numerals;

/// <summary>How messages name what has a name that is written with hyphens: as the property in backticks.</summary>
internal static class PropertyNames
{
    /// <summary>Such as `BatchSize`, in backticks, of batch-size.</summary>
    internal static string Quoted(string name) =>
        $"`{string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]))}`";
}
