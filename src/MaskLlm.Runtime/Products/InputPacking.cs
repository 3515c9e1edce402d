using System.Numerics.Tensors;

namespace MaskLlm.Products;

/// <summary>Brings activations into the order of <see cref="ProductInput"/>.</summary>
internal static unsafe class InputPacking
{
    private const int FloatRun = 4, ByteRun = 8;

    /// <summary>Copies a token's row, already filled up, for float weights.</summary>
    /// <param name="row">(I filled up).</param>
    /// <param name="input">Takes it.</param>
    /// <param name="token">Which.</param>
    internal static void Copy(ReadOnlySpan<float> row, in ProductInput input, int token)
    {
        float* target = input.Values + input.ValueAt(token, 0);
        if (token < input.WideTiles * ProductInput.WideTokens)
        {
            foreach (float value in row)
            {
                *target = value;
                target += ProductInput.WideTokens;
            }
            return;
        }
        if (input.TileSize == 1)
        {
            row.CopyTo(new Span<float>(target, row.Length));
            return;
        }
        for (int column = 0; column < row.Length; column += FloatRun, target += FloatRun * input.TileSize)
            row.Slice(column, FloatRun).CopyTo(new Span<float>(target, FloatRun));
    }

    /// <summary>Rounds a token's row, already filled up, to int8 with a scale for every 64 columns: x = scale q, |q| at most 127.</summary>
    internal static void Quantise(ReadOnlySpan<float> row, in ProductInput input, int token)
    {
        Span<float> scaled = stackalloc float[PackedLayout.PanelColumns];
        Span<sbyte> bytes = stackalloc sbyte[PackedLayout.PanelColumns];
        for (int column = 0; column < row.Length; column += PackedLayout.PanelColumns)
        {
            ReadOnlySpan<float> panel = row.Slice(column, PackedLayout.PanelColumns);
            float scale = Math.Abs(TensorPrimitives.MaxMagnitude(panel)) / 127;
            input.Scales[input.ScaleAt(token, column / PackedLayout.PanelColumns)] = scale;
            TensorPrimitives.Multiply(panel, scale == 0 ? 0 : 1 / scale, scaled);
            TensorPrimitives.Round(scaled, scaled);
            TensorPrimitives.ConvertSaturating<float, sbyte>(scaled, bytes);
            for (int at = 0; at < bytes.Length; at += ByteRun)
                bytes.Slice(at, ByteRun).CopyTo(new Span<sbyte>(input.Bytes + input.ByteAt(token, column + at), ByteRun));
        }
    }
}
