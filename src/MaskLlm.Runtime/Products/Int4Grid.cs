namespace MaskLlm.Products;

/// <summary>The sixteen values that weights of one row and 32 columns may have in int4: step (4 q - zero), q from 0 to 15.</summary>
/// <remarks>In quarters of a level a zero is exact enough, and 4 q - zero is a byte, so that a product needs no sum of its
/// inputs.</remarks>
/// <param name="Bits">zero in bits 0 to 5, m in 6 to 10, e in 11 to 15; step = (1 + m / 32) 2^(e - 26).</param>
internal readonly record struct Int4Grid(ushort Bits)
{
    /// <summary>Columns that share a grid.</summary>
    internal const int Columns = 32;

    internal const int MostZero = 63, MostQ = 15, StepCodes = 1 << 10;

    /// <summary>A step's bits as a float32: those of the mask, shifted, and the bias.</summary>
    internal const uint StepMask = 0xFFC0, StepBias = (127 - 26) << 23;

    internal const int StepShift = 12;

    private const int ZeroBits = 6;

    /// <summary>The largest weight that some grid has.</summary>
    internal static float Largest { get; } = 4 * MostQ * new Int4Grid(StepCodes - 1, 0).Step;

    /// <param name="stepCode">Of 0 to 1023, the larger the larger the step.</param>
    /// <param name="zero">Of 0 to 63.</param>
    internal Int4Grid(int stepCode, int zero) : this((ushort)(stepCode << ZeroBits | zero))
    {
    }

    /// <summary>A quarter of the distance between two values.</summary>
    internal float Step => BitConverter.UInt32BitsToSingle(((Bits & StepMask) << StepShift) + StepBias);

    internal int Zero => Bits & MostZero;

    /// <summary>The number of the step that is nearest below a distance of values, within what there is.</summary>
    internal static int StepCodeOf(float distance) =>
        Math.Clamp((BitConverter.SingleToInt32Bits(distance / 4) - (int)StepBias) >> (StepShift + ZeroBits), 0, StepCodes - 1);

    internal float Value(int q) => Step * (4 * q - Zero);

    /// <summary>The q of the value that is nearest.</summary>
    internal int Round(float value) => Math.Clamp((int)MathF.Round(value * (1 / (4 * Step)) + Zero / 4f), 0, MostQ);
}
