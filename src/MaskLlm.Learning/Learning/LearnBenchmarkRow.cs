namespace MaskLlm.Learning;

/// <summary>One part of the work on masks, in both kernels.</summary>
/// <param name="What">sample, backward or update.</param>
/// <param name="PlainNanoseconds">By tensor operations, a weight and step.</param>
/// <param name="FusedNanoseconds">By fused kernels, a weight and step.</param>
public readonly record struct LearnBenchmarkRow(string What, double PlainNanoseconds, double FusedNanoseconds)
{
    /// <summary>How many times faster fused is.</summary>
    public double Ratio => PlainNanoseconds / FusedNanoseconds;
}
