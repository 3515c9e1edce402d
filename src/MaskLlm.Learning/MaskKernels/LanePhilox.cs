using System.Runtime.CompilerServices;
using MaskLlm.Randomness;

namespace MaskLlm.MaskKernels;

/// <summary>
/// <see cref="Philox"/> for a vector of neighbouring groups: the counter's lowest word counts groups, the next is the block of four
/// candidates. Groups of even and of odd place run in the low halves of 64-bit lanes, where a product of 32 bits by 32 fits; what
/// their upper halves hold is never read.
/// </summary>
internal static class LanePhilox<TLanes, TFloat, TInt>
    where TLanes : struct, ILanes<TFloat, TInt>
    where TFloat : struct
    where TInt : struct
{
    /// <summary>The four words of a block, one group a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Block(in MaskSample sample, uint group, uint block, out TInt word0, out TInt word1, out TInt word2, out TInt word3)
    {
        uint k0 = (uint)sample.Seed, k1 = (uint)(sample.Seed >> 32);
        TInt even0 = TLanes.Add(TLanes.CreateLong(group), TLanes.EvenIndices), odd0 = TLanes.Add(even0, TLanes.CreateLong(1));
        TInt even1 = TLanes.CreateLong(block), even2 = TLanes.CreateLong(sample.Layer), even3 = TLanes.CreateLong(sample.Step);
        TInt odd1 = even1, odd2 = even2, odd3 = even3;
        TInt multiplier0 = TLanes.CreateLong(Philox.FirstMultiplier), multiplier1 = TLanes.CreateLong(Philox.SecondMultiplier);
        for (int round = 0; round < Philox.Rounds; round++)
        {
            TInt key0 = TLanes.CreateLong(k0), key1 = TLanes.CreateLong(k1);
            Round(ref even0, ref even1, ref even2, ref even3, multiplier0, multiplier1, key0, key1);
            Round(ref odd0, ref odd1, ref odd2, ref odd3, multiplier0, multiplier1, key0, key1);
            k0 += Philox.FirstKeyStep;
            k1 += Philox.SecondKeyStep;
        }
        word0 = TLanes.Interleave(even0, odd0);
        word1 = TLanes.Interleave(even1, odd1);
        word2 = TLanes.Interleave(even2, odd2);
        word3 = TLanes.Interleave(even3, odd3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref TInt c0, ref TInt c1, ref TInt c2, ref TInt c3, TInt multiplier0, TInt multiplier1, TInt key0, TInt key1)
    {
        TInt first = TLanes.MultiplyEven(c0, multiplier0), second = TLanes.MultiplyEven(c2, multiplier1);
        c0 = TLanes.Xor(TLanes.Xor(TLanes.UpperHalves(second), c1), key0);
        c2 = TLanes.Xor(TLanes.Xor(TLanes.UpperHalves(first), c3), key1);
        c1 = second;
        c3 = first;
    }
}
