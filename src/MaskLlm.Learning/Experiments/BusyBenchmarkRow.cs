namespace MaskLlm.Experiments;

/// <summary>One figure of <see cref="BusyBenchmark"/>.</summary>
/// <param name="What">learn, eval, prune or decode.</param>
/// <param name="Quiet">Tokens a second with nothing beside it, the median.</param>
/// <param name="Busy">Tokens a second beside the busy processes, the median.</param>
/// <param name="Ratio">The median of the pairs' busy over quiet.</param>
public sealed record BusyBenchmarkRow(string What, double Quiet, double Busy, double Ratio);
