namespace MaskLlm.Numerals;

/// <summary>The middle of some figures.</summary>
internal static class Median
{
    /// <summary>The middle one, or the mean of the two in the middle.</summary>
    /// <param name="values">At least one.</param>
    internal static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
