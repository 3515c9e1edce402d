using MaskLlm.Data;

namespace MaskLlm.Priors;

/// <summary>What data-driven pruning looks at.</summary>
/// <param name="Sequences">Token ids, all of one length.</param>
/// <param name="Sources">Where they come from.</param>
internal sealed record Calibration(IReadOnlyList<int[]> Sequences, IReadOnlyList<CorpusSource> Sources);
