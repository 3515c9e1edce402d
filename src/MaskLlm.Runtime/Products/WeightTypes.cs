namespace MaskLlm.Products;

/// <summary>Types of weights by their names: float32, bfloat16, int8, int4.</summary>
public static class WeightTypes
{
    /// <summary>The type of a name.</summary>
    /// <exception cref="ArgumentException">Another name.</exception>
    public static WeightType Parse(string name) =>
        Enum.GetValues<WeightType>().Where(type => NameOf(type) == name).Select(type => (WeightType?)type).FirstOrDefault()
        ?? throw new ArgumentException(
            $"{name} is no type of weights; {string.Join(", ", Enum.GetValues<WeightType>().Select(NameOf))} are.");

    /// <summary>The name of a type.</summary>
    public static string NameOf(WeightType type) => type.ToString().ToLowerInvariant();
}
