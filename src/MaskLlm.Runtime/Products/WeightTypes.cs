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

    /// <summary>How embedding and head are stored in a file of a type: what four bits take from them no block makes up for.</summary>
    internal static WeightType OfVocabulary(WeightType type) => type == WeightType.Int4 ? WeightType.Int8 : type;

    /// <summary>The name of a type.</summary>
    public static string NameOf(WeightType type) => type.ToString().ToLowerInvariant();
}
