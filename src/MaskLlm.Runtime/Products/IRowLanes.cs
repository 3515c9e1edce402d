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

    static abstract TInts ShiftRight(TInts value, int bits);

    /// <summary>The bfloat16 in the low half of each row's 32 bits.</summary>
    static abstract TFloats LowBFloat16(TInts pair);

    /// <summary>The bfloat16 in the high half.</summary>
    static abstract TFloats HighBFloat16(TInts pair);

    /// <summary>Sixteen bfloat16.</summary>
    static abstract TFloats LoadBFloat16(byte* source);

    static abstract TFloats ToFloats(TInts value);

    /// <summary>Four bytes for all rows.</summary>
    static abstract TInts BroadcastBytes(sbyte* source);

    /// <summary>Eight bytes, those of two groups, over and over.</summary>
    static abstract TInts BroadcastGroups(sbyte* source);

    /// <summary>What <see cref="PickBytes"/> needs of indices whose bytes hold a place in their two lowest bits.</summary>
    static abstract TInts Places(TInts index);

    /// <summary>Of each row two bytes of the first group and two of the second.</summary>
    static abstract TInts PickBytes(TInts groups, TInts places);

    /// <summary>The low nibbles of all bytes, less 8.</summary>
    static abstract TInts LowNibbles(TInts value);

    /// <summary>Adds the four products of each row's bytes; bytes of <paramref name="b"/> from -127.</summary>
    static abstract TInts AddDot(TInts sum, TInts a, TInts b);
}
