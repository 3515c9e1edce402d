using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>A product that a job computes: weights and where the result goes. The default has no blocks.</summary>
internal readonly struct RuntimeProduct(PackedMatrix weight, ActivationBuffer output)
{
    internal PackedMatrix Weight { get; } = weight;

    internal ActivationBuffer? Output { get; } = output;

    internal int Blocks => Weight.Blocks;
}
