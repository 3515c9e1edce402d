using System.Runtime.InteropServices;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>Activations of a batch, (tokens filled up to tiles, width filled up to panels) float32; what fills up stays 0.</summary>
internal sealed unsafe class ActivationBuffer : IDisposable
{
    /// <param name="tokens">Tokens that fit.</param>
    /// <param name="width">Values of a token.</param>
    internal ActivationBuffer(int tokens, int width)
    {
        (Tokens, Width) = (tokens, width);
        Stride = PackedLayout.Padded(width);
        long rows = ProductInput.Filled(tokens);
        Data = (float*)NativeMemory.AlignedAlloc((nuint)(rows * Stride * sizeof(float)), 64);
        NativeMemory.Clear(Data, (nuint)(rows * Stride * sizeof(float)));
    }

    internal float* Data { get; private set; }

    internal int Tokens { get; }

    internal int Width { get; }

    /// <summary>Values from one token to the next.</summary>
    internal int Stride { get; }

    internal Span<float> Row(int token) => new(Data + (long)token * Stride, Width);

    /// <summary>A row with what fills it up.</summary>
    internal Span<float> WholeRow(int token) => new(Data + (long)token * Stride, Stride);

    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        Data = null;
    }
}
