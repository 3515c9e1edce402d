namespace MaskLlm.Measures;

/// <summary>The perplexity under one mask.</summary>
/// <param name="Mask">The mask file, or where a runtime file's own is; null for the dense model.</param>
/// <param name="Result">What was measured.</param>
public sealed record EvaluationRow(string? Mask, PerplexityResult Result);
