namespace MaskLlm.MaskKernels;

/// <summary>
/// One width of vector registers, as the mask kernels need it: the kernels are written once and compiled for every width.
/// <typeparamref name="TFloat"/> holds <see cref="Count"/> float32 lanes, <typeparamref name="TInt"/> as many 32-bit integers, whose
/// even lanes also serve as half as many 64-bit integers.
/// </summary>
internal interface ILanes<TFloat, TInt>
{
    /// <summary>Lanes of 32 bits.</summary>
    static abstract int Count { get; }

    /// <summary>0, 2, 4 ... as 64-bit integers.</summary>
    static abstract TInt EvenIndices { get; }

    static abstract TFloat Create(float value);

    static abstract TInt Create(uint value);

    /// <summary>The value in every 64-bit lane.</summary>
    static abstract TInt CreateLong(uint value);

    static abstract TFloat Load(ref readonly float source, int offset);

    static abstract void Store(TFloat value, ref float target, int offset);

    static abstract TInt Load(ref readonly uint source, int offset);

    static abstract void Store(TInt value, ref uint target, int offset);

    /// <summary>Widened with zeros.</summary>
    static abstract TInt Load(ref readonly ushort source, int offset);

    /// <summary>The low 16 bits of each lane.</summary>
    static abstract void Store(TInt value, ref ushort target, int offset);

    /// <summary>Widened with zeros.</summary>
    static abstract TInt Load(ref readonly byte source, int offset);

    /// <summary>The low 8 bits of each lane.</summary>
    static abstract void Store(TInt value, ref byte target, int offset);

    static abstract TFloat Add(TFloat a, TFloat b);

    static abstract TFloat Subtract(TFloat a, TFloat b);

    static abstract TFloat Multiply(TFloat a, TFloat b);

    static abstract TFloat Divide(TFloat a, TFloat b);

    /// <summary>a b + c with one rounding.</summary>
    static abstract TFloat Fma(TFloat a, TFloat b, TFloat c);

    static abstract TFloat Sqrt(TFloat a);

    static abstract TFloat Max(TFloat a, TFloat b);

    static abstract TFloat Abs(TFloat a);

    /// <summary>All bits of a lane set where a &lt; b.</summary>
    static abstract TFloat LessThan(TFloat a, TFloat b);

    /// <summary>All bits of a lane set where a = b.</summary>
    static abstract TFloat IsEqual(TFloat a, TFloat b);

    /// <summary>a where the mask's bits are set, else b.</summary>
    static abstract TFloat Where(TFloat mask, TFloat a, TFloat b);

    static abstract TInt Add(TInt a, TInt b);

    static abstract TInt Subtract(TInt a, TInt b);

    static abstract TInt And(TInt a, TInt b);

    static abstract TInt Or(TInt a, TInt b);

    static abstract TInt Xor(TInt a, TInt b);

    static abstract TInt ShiftLeft(TInt a, int bits);

    static abstract TInt ShiftRight(TInt a, int bits);

    /// <summary>Keeps the sign.</summary>
    static abstract TInt ShiftRightArithmetic(TInt a, int bits);

    /// <summary>The products, 64 bits wide, of the even 32-bit lanes.</summary>
    static abstract TInt MultiplyEven(TInt a, TInt b);

    /// <summary>The upper half of every 64-bit lane, in its lower half.</summary>
    static abstract TInt UpperHalves(TInt a);

    /// <summary>The low words of two vectors of 64-bit lanes, the first in the even 32-bit lanes, the second in the odd.</summary>
    static abstract TInt Interleave(TInt even, TInt odd);

    /// <summary>Signed.</summary>
    static abstract TFloat ToFloat(TInt a);

    static abstract TFloat AsFloat(TInt a);

    static abstract TInt AsInt(TFloat a);

    /// <summary>From one vector a column of a group of four (lane = group) to the order of the weight: group after group, four columns
    /// each.</summary>
    static abstract void ColumnsToWeights(ref TFloat a, ref TFloat b, ref TFloat c, ref TFloat d);

    /// <summary>The way back.</summary>
    static abstract void WeightsToColumns(ref TFloat a, ref TFloat b, ref TFloat c, ref TFloat d);
}
