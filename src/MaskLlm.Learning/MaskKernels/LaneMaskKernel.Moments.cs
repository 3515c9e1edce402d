using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static MaskLlm.MaskKernels.MaskConstants;

namespace MaskLlm.MaskKernels;

internal sealed partial class LaneMaskKernel<TLanes, TFloat, TInt>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Words(in MaskSample rounding, uint tile, Span<uint> words)
    {
        ref uint to = ref MemoryMarshal.GetReference(words);
        int quarter = words.Length / 4;
        for (int i = 0; i < quarter; i += TLanes.Count)
        {
            LanePhilox<TLanes, TFloat, TInt>.Block(rounding, tile * (uint)quarter + (uint)i, WeightsBlock, out TInt word0, out TInt word1,
                out TInt word2, out TInt word3);
            TLanes.Store(word0, ref to, i);
            TLanes.Store(word1, ref to, quarter + i);
            TLanes.Store(word2, ref to, 2 * quarter + i);
            TLanes.Store(word3, ref to, 3 * quarter + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Widen(ReadOnlySpan<ushort> source, Span<float> target)
    {
        ref readonly ushort from = ref MemoryMarshal.GetReference(source);
        ref float to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
            TLanes.Store(TLanes.AsFloat(TLanes.ShiftLeft(TLanes.Load(in from, i), 16)), ref to, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Narrow(ReadOnlySpan<float> source, Span<ushort> target)
    {
        ref readonly float from = ref MemoryMarshal.GetReference(source);
        ref ushort to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
        {
            TInt bits = TLanes.AsInt(TLanes.Load(in from, i));
            TInt odd = TLanes.And(TLanes.ShiftRight(bits, 16), TLanes.Create(1u));
            TLanes.Store(TLanes.ShiftRight(TLanes.Add(TLanes.Add(bits, TLanes.Create(0x7FFFu)), odd), 16), ref to, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void NarrowStochastic(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<ushort> target)
    {
        ref readonly float from = ref MemoryMarshal.GetReference(source);
        ref readonly uint chance = ref MemoryMarshal.GetReference(words);
        ref ushort to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
        {
            TInt share = TLanes.ShiftLeft(TLanes.And(TLanes.Load(in chance, i), TLanes.Create(SpareBits)), 7);
            TLanes.Store(TLanes.ShiftRight(TLanes.Add(TLanes.AsInt(TLanes.Load(in from, i)), share), 16), ref to, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float EncodeFirst(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<byte> target)
    {
        float largest = Largest(source), unit = largest == 0 ? 0 : FirstSteps * FirstSteps / largest;
        ref readonly float from = ref MemoryMarshal.GetReference(source);
        ref readonly uint chance = ref MemoryMarshal.GetReference(words);
        ref byte to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
        {
            TFloat m = TLanes.Load(in from, i);
            TFloat square = TLanes.Multiply(TLanes.Abs(m), TLanes.Create(unit));
            TFloat low = Below(TLanes.Sqrt(square));
            TFloat limit = TLanes.Multiply(Chance(TLanes.Load(in chance, i)), TLanes.Fma(TLanes.Create(2f), low, TLanes.Create(1f)));
            TFloat up = TLanes.LessThan(limit, TLanes.Subtract(square, TLanes.Multiply(low, low)));
            TInt sign = TLanes.ShiftRight(TLanes.And(TLanes.AsInt(m), TLanes.Create(0x80000000u)), 24);
            TLanes.Store(TLanes.Or(Whole(TLanes.Where(up, TLanes.Add(low, TLanes.Create(1f)), low)), sign), ref to, i);
        }
        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void DecodeFirst(ReadOnlySpan<byte> source, float scale, Span<float> target)
    {
        TFloat unit = TLanes.Create(scale * (1 / (FirstSteps * FirstSteps)));
        ref readonly byte from = ref MemoryMarshal.GetReference(source);
        ref float to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
        {
            TInt code = TLanes.Load(in from, i);
            TFloat step = TLanes.ToFloat(TLanes.And(code, TLanes.Create(0x7Fu)));
            TFloat m = TLanes.Multiply(TLanes.Multiply(step, step), unit);
            TInt sign = TLanes.ShiftLeft(TLanes.And(code, TLanes.Create(0x80u)), 24);
            TLanes.Store(TLanes.AsFloat(TLanes.Or(TLanes.AsInt(m), sign)), ref to, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float EncodeSecond(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<byte> target)
    {
        float largest = Largest(source), unit = largest == 0 ? 0 : 1 / largest;
        ref readonly float from = ref MemoryMarshal.GetReference(source);
        ref readonly uint chance = ref MemoryMarshal.GetReference(words);
        ref byte to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
        {
            TFloat share = TLanes.Multiply(TLanes.Load(in from, i), TLanes.Create(unit));
            TFloat low = Below(TLanes.Multiply(TLanes.Sqrt(TLanes.Sqrt(share)), TLanes.Create(SecondSteps)));
            TFloat high = TLanes.Add(low, TLanes.Create(1f)), lowFourth = Fourth(low);
            TFloat fourth = TLanes.Multiply(share, TLanes.Create(SecondSteps * SecondSteps * SecondSteps * SecondSteps));
            TFloat limit = TLanes.Multiply(Chance(TLanes.Load(in chance, i)), TLanes.Subtract(Fourth(high), lowFourth));
            TFloat up = TLanes.LessThan(limit, TLanes.Subtract(fourth, lowFourth));
            TLanes.Store(Whole(TLanes.Where(up, high, low)), ref to, i);
        }
        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void DecodeSecond(ReadOnlySpan<byte> source, float scale, Span<float> target)
    {
        ref readonly byte from = ref MemoryMarshal.GetReference(source);
        ref float to = ref MemoryMarshal.GetReference(target);
        for (int i = 0; i < source.Length; i += TLanes.Count)
        {
            TFloat root = TLanes.Multiply(TLanes.ToFloat(TLanes.Load(in from, i)), TLanes.Create(1 / SecondSteps));
            TFloat v = TLanes.Multiply(Fourth(root), TLanes.Create(scale));
            TLanes.Store(LaneMath<TLanes, TFloat, TInt>.Flush(v, SmallestSecond), ref to, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Largest(ReadOnlySpan<float> source)
    {
        ref readonly float from = ref MemoryMarshal.GetReference(source);
        TFloat most = TLanes.Create(0f);
        for (int i = 0; i < source.Length; i += TLanes.Count) most = TLanes.Max(most, TLanes.Abs(TLanes.Load(in from, i)));
        Span<float> lanes = stackalloc float[TLanes.Count];
        TLanes.Store(most, ref MemoryMarshal.GetReference(lanes), 0);
        float largest = 0;
        foreach (float lane in lanes) largest = Math.Max(largest, lane);
        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Chance(TInt word) => LaneMath<TLanes, TFloat, TInt>.Chance(word);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Below(TFloat t)
    {
        TFloat shift = TLanes.Create(RoundingShift);
        return TLanes.Subtract(TLanes.Add(TLanes.Subtract(t, TLanes.Create(0.5f)), shift), shift);
    }

    /// <summary>The whole number that a lane holds, as an integer; its low eight bits are right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Whole(TFloat t) => TLanes.And(TLanes.AsInt(TLanes.Add(t, TLanes.Create(RoundingShift))), TLanes.Create(0xFFu));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFloat Fourth(TFloat t)
    {
        TFloat square = TLanes.Multiply(t, t);
        return TLanes.Multiply(square, square);
    }
}
