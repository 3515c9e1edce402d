using MaskLlm.Architectures;

namespace MaskLlm.Permutations;

/// <summary>How much of the scores of some layers the best N of each M keep, as the mean of the layers' shares.</summary>
/// <param name="Kind">The channels that the layers read.</param>
/// <param name="Layers">Their number.</param>
/// <param name="Before">In the order that the channels had, 0 to 1.</param>
/// <param name="After">In the new one.</param>
internal sealed record KeptShare(Channels Kind, int Layers, double Before, double After);
