namespace MaskLlm.Learning;

/// <summary>One use of memory.</summary>
/// <param name="What">What for.</param>
/// <param name="Bytes">How much.</param>
public readonly record struct MemoryPart(string What, double Bytes);
