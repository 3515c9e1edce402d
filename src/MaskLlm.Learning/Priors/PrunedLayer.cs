using MaskLlm.Masks;
using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>What pruning found for one layer.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Mask">What stays.</param>
/// <param name="Weight">(O, I): what stays, updated by a method that does; valid while it is being told, then in the model's
/// type.</param>
/// <param name="Dense">The model's weight.</param>
internal sealed record PrunedLayer(LinearLayer Layer, Mask Mask, Tensor Weight, Tensor Dense);
