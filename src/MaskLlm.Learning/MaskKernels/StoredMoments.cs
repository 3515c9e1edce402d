namespace MaskLlm.MaskKernels;

/// <summary>The moments of one candidate over one tile, between the layer's memory and float32.</summary>
internal readonly unsafe ref struct StoredMoments(IMaskKernel kernel, MaskLayer layer, int candidate, TileRange range, TileScratch scratch)
{
    private readonly long _at = (long)candidate * layer.Groups + range.FirstGroup;
    private readonly long _block = (long)candidate * layer.Tiles + range.Index;
    private readonly ReadOnlySpan<uint> _words = scratch.Words.AsSpan(candidate * MaskTile.Size, range.FilledUp);

    /// <summary>Fills both, the places beyond the layer with 0.</summary>
    internal void Load(Span<float> first, Span<float> second)
    {
        switch (layer.Moments)
        {
            case MomentType.Float32:
                LoadFloats((float*)layer.First, first);
                LoadFloats((float*)layer.Second, second);
                break;
            case MomentType.BFloat16:
                kernel.Widen(Filled(new ReadOnlySpan<ushort>((ushort*)layer.First + _at, range.Groups), scratch.Narrow), first);
                kernel.Widen(Filled(new ReadOnlySpan<ushort>((ushort*)layer.Second + _at, range.Groups), scratch.Narrow), second);
                break;
            default:
                kernel.DecodeFirst(Filled(new ReadOnlySpan<byte>((byte*)layer.First + _at, range.Groups), scratch.Bytes),
                    layer.FirstScales[_block], first);
                kernel.DecodeSecond(Filled(new ReadOnlySpan<byte>((byte*)layer.Second + _at, range.Groups), scratch.Bytes),
                    layer.SecondScales[_block], second);
                break;
        }
    }

    /// <summary>Stores both.</summary>
    internal void Save(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        switch (layer.Moments)
        {
            case MomentType.Float32:
                first[..range.Groups].CopyTo(new Span<float>((float*)layer.First + _at, range.Groups));
                second[..range.Groups].CopyTo(new Span<float>((float*)layer.Second + _at, range.Groups));
                break;
            case MomentType.BFloat16:
                SaveNarrow(first, (ushort*)layer.First);
                SaveNarrow(second, (ushort*)layer.Second);
                break;
            default:
                Span<byte> codes = scratch.Bytes.AsSpan(0, range.FilledUp);
                layer.FirstScales[_block] = kernel.EncodeFirst(first, _words, codes);
                codes[..range.Groups].CopyTo(new Span<byte>((byte*)layer.First + _at, range.Groups));
                layer.SecondScales[_block] = kernel.EncodeSecond(second, _words, codes);
                codes[..range.Groups].CopyTo(new Span<byte>((byte*)layer.Second + _at, range.Groups));
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
