namespace MaskLlm.Formats.Gguf;

/// <summary>How values lie in a GGUF file; the numbers are those of ggml.</summary>
public enum GgufType
{
    /// <summary>F32.</summary>
    Float32 = 0,

    /// <summary>F16: IEEE half.</summary>
    Float16 = 1,

    /// <summary>Q4_0: 32 values share a scale in F16 and have 4 bits each.</summary>
    Q4 = 2,

    /// <summary>Q8_0: 32 values share a scale in F16 and have 8 bits each.</summary>
    Q8 = 8,

    /// <summary>BF16: the upper half of a float32.</summary>
    BFloat16 = 30,
}
