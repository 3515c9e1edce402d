namespace MaskLlm.MaskKernels;

/// <summary>One row of values over one tile: their update, with moments between the layer's memory and float32.</summary>
internal readonly unsafe ref struct StoredMoments(IMaskKernel kernel, AdamWState state, int row, TileRange range, TileScratch scratch)
{
    private readonly long _at = (long)row * state.Count + range.FirstGroup;
    private readonly long _block = (long)row * state.Tiles + range.Index;
    private readonly ReadOnlySpan<uint> _words = scratch.Words.AsSpan(row * MaskTile.Size, range.FilledUp);

    /// <summary>AdamW on the values.</summary>
    /// <param name="step">Clip, rates, decays.</param>
    /// <param name="gradient">Of the tile, filled up.</param>
    /// <remarks>Values of a tile that is not whole lie in the scratch's row of logits, filled up with 0.</remarks>
    internal void Update(in AdamWStep step, ReadOnlySpan<float> gradient)
    {
        Span<float> stored = new(state.Values + _at, range.Groups);
        Span<float> values = range.IsFilledUp ? scratch.Logits.AsSpan(row * MaskTile.Size, range.FilledUp) : stored;
        if (state.Moments == MomentType.Float32 && !range.IsFilledUp)
        {
            kernel.Update(step, values, new Span<float>((float*)state.First + _at, range.Groups),
                new Span<float>((float*)state.Second + _at, range.Groups), gradient);
            return;
        }
        Span<float> first = scratch.First.AsSpan(0, range.FilledUp), second = scratch.Second.AsSpan(0, range.FilledUp);
        Load(first, second);
        kernel.Update(step, values, first, second, gradient);
        Save(first, second);
        if (range.IsFilledUp) values[..range.Groups].CopyTo(stored);
    }

    // The places beyond the layer get 0.
    private void Load(Span<float> first, Span<float> second)
    {
        switch (state.Moments)
        {
            case MomentType.Float32:
                LoadFloats((float*)state.First, first);
                LoadFloats((float*)state.Second, second);
                break;
            case MomentType.BFloat16:
                kernel.Widen(Filled(new ReadOnlySpan<ushort>((ushort*)state.First + _at, range.Groups), scratch.Narrow), first);
                kernel.Widen(Filled(new ReadOnlySpan<ushort>((ushort*)state.Second + _at, range.Groups), scratch.Narrow), second);
                break;
            default:
                kernel.DecodeFirst(Filled(new ReadOnlySpan<byte>((byte*)state.First + _at, range.Groups), scratch.Bytes),
                    state.FirstScales[_block], first);
                kernel.DecodeSecond(Filled(new ReadOnlySpan<byte>((byte*)state.Second + _at, range.Groups), scratch.Bytes),
                    state.SecondScales[_block], second);
                break;
        }
    }

    private void Save(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        switch (state.Moments)
        {
            case MomentType.Float32:
                first[..range.Groups].CopyTo(new Span<float>((float*)state.First + _at, range.Groups));
                second[..range.Groups].CopyTo(new Span<float>((float*)state.Second + _at, range.Groups));
                break;
            case MomentType.BFloat16:
                SaveNarrow(first, (ushort*)state.First);
                SaveNarrow(second, (ushort*)state.Second);
                break;
            default:
                Span<byte> codes = scratch.Bytes.AsSpan(0, range.FilledUp);
                state.FirstScales[_block] = kernel.EncodeFirst(first, _words, codes);
                codes[..range.Groups].CopyTo(new Span<byte>((byte*)state.First + _at, range.Groups));
                state.SecondScales[_block] = kernel.EncodeSecond(second, _words, codes);
                codes[..range.Groups].CopyTo(new Span<byte>((byte*)state.Second + _at, range.Groups));
                break;
        }
    }

    private void LoadFloats(float* stored, Span<float> target)
    {
        target.Clear();
        new ReadOnlySpan<float>(stored + _at, range.Groups).CopyTo(target);
    }

    private void SaveNarrow(ReadOnlySpan<float> values, ushort* stored)
    {
        Span<ushort> words = scratch.Narrow.AsSpan(0, range.FilledUp);
        kernel.NarrowStochastic(values, _words, words);
        words[..range.Groups].CopyTo(new Span<ushort>(stored + _at, range.Groups));
    }

    private ReadOnlySpan<T> Filled<T>(ReadOnlySpan<T> stored, T[] copy)
    {
        if (!range.IsFilledUp) return stored;
        Span<T> filled = copy.AsSpan(0, range.FilledUp);
        filled.Clear();
        stored.CopyTo(filled);
        return filled;
    }
}
