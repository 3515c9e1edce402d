namespace MaskLlm.MaskKernels;

/// <summary>The numbers that scalar and vector kernels share.</summary>
internal static class MaskConstants
{
    /// <summary>exp below this is 0: a probability of 1e-26 moves nothing, and its products would be denormal.</summary>
    internal const float SmallestExponent = -60;

    /// <summary>Masked weights below the smallest normal number are 0.</summary>
    internal const float SmallestWeight = 1.1754944e-38f;

    /// <summary>Clipped gradients below this are 0: AdamW's epsilon is 13 orders above, and their squares would be denormal.</summary>
    internal const float SmallestGradient = 1e-18f;

    /// <summary>First moments below this are 0.</summary>
    internal const float SmallestFirst = 1e-20f;

    /// <summary>Second moments below this are 0.</summary>
    internal const float SmallestSecond = 1e-37f;

    /// <summary>A word's upper 23 bits and a half, times this: in (0, 1), exact, never 0 or 1.</summary>
    internal const float UniformStep = 1f / (1 << 23);

    /// <summary>Steps of an 8-bit first moment, beside its sign.</summary>
    internal const float FirstSteps = 127;

    /// <summary>Steps of an 8-bit second moment.</summary>
    internal const float SecondSteps = 255;

    /// <summary>Second part of the counter of words that round the moments of weights; no candidate has it.</summary>
    internal const uint WeightsBlock = uint.MaxValue;

    /// <summary>The bits of a noise word that the noise does not use.</summary>
    internal const uint SpareBits = 0x1FF;

    /// <summary>log2(e), ln(2).</summary>
    internal const float Log2E = 1.44269504f, Ln2 = 0.69314718f;

    /// <summary>1.5 * 2^23: adding and subtracting it rounds to a whole number, whose low bits are then in the sum's.</summary>
    internal const float RoundingShift = 12582912f;

    /// <summary>Bits of sqrt(1/2): the mantissa of a logarithm's argument is taken from there to twice as much.</summary>
    internal const uint RootHalfBits = 0x3F3504F3;

    /// <summary>log(1 + t) / t over [sqrt(1/2) - 1, sqrt(2) - 1] by power of t; minimax fit, relative error 2.6e-8 before
    /// rounding.</summary>
    internal const float
        Log0 = 1f, Log1 = -0.49999988079071045f, Log2 = 0.3333418667316437f, Log3 = -0.25002074241638184f, Log4 = 0.19956833124160767f,
        Log5 = -0.16562393307685852f, Log6 = 0.14952266216278076f, Log7 = -0.14366842806339264f, Log8 = 0.08722355216741562f;

    /// <summary>2^f over [-1/2, 1/2] by power of f; minimax fit, relative error 1.9e-9 before rounding.</summary>
    internal const float
        Exp0 = 1f, Exp1 = 0.6931471824645996f, Exp2 = 0.24022646248340607f, Exp3 = 0.05550328642129898f,
        Exp4 = 0.009618489071726799f, Exp5 = 0.0013399930903688073f, Exp6 = 0.0001534581242594868f;
}
