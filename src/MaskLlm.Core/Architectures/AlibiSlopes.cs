namespace MaskLlm.Architectures;

/// <summary>How much each head's attention loses a token of distance (ALiBi, Press et al. 2021).</summary>
internal static class AlibiSlopes
{
    /// <summary>Of n heads, a power of two: 2^(-8 i / n) for i from 1. Of any other number those of the next lower power, and then every
    /// second one of the next higher.</summary>
    internal static float[] Of(int heads)
    {
        int lower = 1 << (int)Math.Log2(heads);
        double Slope(int of, int i) => Math.Pow(2, -8.0 * i / of);
        return
        [
            .. Enumerable.Range(1, lower).Select(i => (float)Slope(lower, i)),
            .. Enumerable.Range(0, heads - lower).Select(i => (float)Slope(2 * lower, 2 * i + 1)),
        ];
    }
}
