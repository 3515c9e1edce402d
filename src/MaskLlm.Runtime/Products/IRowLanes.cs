namespace MaskLlm.Products;

/// <summary>
/// Sixteen rows at once, in as many registers as a processor needs: <typeparamref name="TFloats"/> holds a float32 and
/// <typeparamref name="TInts"/> four bytes of each. The product kernels are written once over this.
/// </summary>
internal unsafe interface IRowLanes<TFloats, TInts>
{
    static abstract TFloats Zero { get; }

    static abstract TInts ZeroInts { get; }

    static abstract TFloats Load(float* source);

    static abstract void Store(TFloats value, float* target);

    /// <summary>One value for all rows.</summary>
    static abstract TFloats Broadcast(float value);

    /// <summary>Four values, those of a group, over and over.</summary>
    static abstract TFloats BroadcastGroup(float* source);

    /// <summary>Of each row the value of its group at the place in the index's two lowest bits.</summary>
    static abstract TFloats Pick(TFloats group, TInts index);

    /// <summary>a b + c with one rounding.</summary>
    static abstract TFloats MultiplyAdd(TFloats a, TFloats b, TFloats c);

    static abstract TFloats Add(TFloats a, TFloats b);

    static abstract TFloats Multiply(TFloats a, TFloats b);

    static abstract TInts LoadInts(byte* source);

    static abstract TInts AddInts(TInts a, TInts b);

    static abstract TInts ShiftLeft(TInts value, int bits);

    static abstract TInts ShiftRight(TInts value, int bits);

    /// <summary>The bfloat16 in the low half of each row's 32 bits.</summary>
    static abstract TFloats LowBFloat16(TInts pair);

    /// <summary>The bfloat16 in the high half.</summary>
    static abstract TFloats HighBFloat16(TInts pair);

    /// <summary>A uint16 of each row.</summary>
    static abstract TInts LoadWords(byte* source);

    /// <summary>The steps of each row's <see cref="Int4Grid"/>.</summary>
    static abstract TFloats GridSteps(TInts grids);

    /// <summary>The zeros of each row's <see cref="Int4Grid"/>, in all four bytes.</summary>
    static abstract TInts GridZeros(TInts grids);

    static abstract TFloats ToFloats(TInts value);

    /// <summary>Four bytes for all rows.</summary>
    static abstract TInts BroadcastBytes(sbyte* source);

    /// <summary>Eight bytes, those of two groups, over and over.</summary>
    static abstract TInts BroadcastGroups(sbyte* source);

    /// <summary>What <see cref="PickBytes"/> needs of indices whose bytes hold a place in their two lowest bits.</summary>
    static abstract TInts Places(TInts index);

    /// <summary>Of each row two bytes of the first group and two of the second.</summary>
    static abstract TInts PickBytes(TInts groups, TInts places);

    /// <summary>Bits 2 to 5 of all bytes, where they are, less a byte of <paramref name="zero"/>.</summary>
    static abstract TInts Quarters(TInts value, TInts zero);

    /// <summary>Adds the four products of each row's bytes; bytes of <paramref name="b"/> from -127.</summary>
    static abstract TInts AddDot(TInts sum, TInts a, TInts b);
}
