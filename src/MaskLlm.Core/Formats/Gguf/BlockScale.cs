namespace MaskLlm.Formats.Gguf;

/// <summary>The scale that the values of a block share.</summary>
internal static class BlockScale
{
    /// <summary>1 / scale, or 0 where that is infinite: such a scale is 0 in F16, and so is every value of its block.</summary>
    internal static float Inverse(float scale)
    {
        float inverse = 1 / scale;
        return float.IsFinite(inverse) ? inverse : 0;
    }
}
