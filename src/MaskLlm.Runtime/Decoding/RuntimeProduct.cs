using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>A product that a job computes: weights, what they multiply, and where the result goes. The default has no blocks.</summary>
internal readonly unsafe struct RuntimeProduct(PackedMatrix weight, ProductInput input, float* output, int stride)
{
    internal RuntimeProduct(PackedMatrix weight, ProductInput input, ActivationBuffer output)
        : this(weight, input, output.Data, output.Stride)
    {
    }

    internal PackedMatrix Weight { get; } = weight;

    internal ProductInput Input { get; } = input;

    internal float* Output { get; } = output;

    internal int Stride { get; } = stride;

    internal int Blocks => Weight.Blocks;
}
