namespace MaskLlm.Decoding;

/// <summary>One figure of <see cref="RuntimeBenchmark"/>.</summary>
/// <param name="What">Such as <c>decode bf16 x1</c>, <c>prefill int8 x512</c>, <c>file bf16</c>, <c>memory bf16</c>.</param>
/// <param name="Dense">Median, of the dense model.</param>
/// <param name="Sparse">Median, of the 2:4 model.</param>
/// <param name="Ratio">Above 1: sparse is better. The median of the pairs' ratios, not the ratio of the medians.</param>
/// <param name="Unit">Of the two.</param>
/// <param name="Kernel">What ran.</param>
public sealed record RuntimeBenchmarkRow(string What, double Dense, double Sparse, double Ratio, string Unit, string Kernel);
