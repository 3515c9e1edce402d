namespace MaskLlm.MaskKernels;

/// <summary>How AdamW's moments are kept between steps.</summary>
public enum MomentType
{
    /// <summary>Four bytes each.</summary>
    Float32,

    /// <summary>Two bytes each, rounded by chance.</summary>
    BFloat16,

    /// <summary>One byte each and one scale for 256, rounded by chance.</summary>
    Int8,
}
