namespace MaskLlm.Formats;

/// <summary>The size of arrays whose shape comes from a file and may claim anything.</summary>
internal static class ArraySize
{
    /// <summary>More bytes than any file has.</summary>
    internal static readonly Int128 BeyondFiles = (Int128)1 << 64;

    /// <summary>The bytes of an array with dimensions from 0; <see cref="BeyondFiles"/> where 63 bits do not hold them.</summary>
    internal static Int128 Bytes(int width, IReadOnlyList<long> shape)
    {
        // A zero anywhere makes the array empty, however large the rest claims to be.
        if (shape.Contains(0)) return 0;
        Int128 product = width;
        foreach (long dimension in shape)
        {
            product *= dimension;
            if (product > long.MaxValue) return BeyondFiles;
        }
        return product;
    }
}
