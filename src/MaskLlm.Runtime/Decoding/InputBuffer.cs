using System.Runtime.InteropServices;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>Room for what the next products multiply.</summary>
internal sealed unsafe class InputBuffer : IDisposable
{
    private readonly bool _isInteger, _isWide;
    private readonly float* _values, _scales;
    private readonly sbyte* _bytes;

    /// <param name="tokens">Tokens that fit.</param>
    /// <param name="columns">The widest input.</param>
    /// <param name="type">Of the weights.</param>
    /// <param name="isSparse">Whether they are 2:4.</param>
    internal InputBuffer(int tokens, int columns, WeightType type, bool isSparse)
    {
        _isInteger = PackedLayout.IsInteger(type);
        _isWide = isSparse && !_isInteger;
        long rows = ProductInput.Filled(tokens), padded = PackedLayout.Padded(columns);
        if (_isInteger)
        {
            _bytes = (sbyte*)Allocate(rows * padded);
            _scales = (float*)Allocate(rows * padded / PackedLayout.PanelColumns * sizeof(float));
        }
        else _values = (float*)Allocate(rows * padded * sizeof(float));
    }

    /// <summary>The input of a batch, still to be filled.</summary>
    internal ProductInput Of(int tokens, int columns) =>
        new(tokens, PackedLayout.Padded(columns), _isWide) { Values = _values, Bytes = _bytes, Scales = _scales };

    /// <summary>The input of a part of a batch that lies behind others, still to be filled.</summary>
    /// <param name="first">Tokens before it, each part's filled up to whole tiles.</param>
    /// <param name="tokens">Of the part.</param>
    /// <param name="columns">As of the parts before it.</param>
    internal ProductInput Of(int first, int tokens, int columns)
    {
        long padded = PackedLayout.Padded(columns), at = first * padded;
        return new(tokens, (int)padded, _isWide)
        {
            Values = _values is null ? null : _values + at,
            Bytes = _bytes is null ? null : _bytes + at,
            Scales = _scales is null ? null : _scales + at / PackedLayout.PanelColumns,
        };
    }

    /// <summary>Fills in one token.</summary>
    internal void Pack(in ProductInput input, int token, ReadOnlySpan<float> wholeRow)
    {
        if (_isInteger) InputPacking.Quantise(wholeRow, input, token);
        else InputPacking.Copy(wholeRow, input, token);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_values);
        NativeMemory.AlignedFree(_bytes);
        NativeMemory.AlignedFree(_scales);
    }

    private static void* Allocate(long bytes)
    {
        void* memory = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        NativeMemory.Clear(memory, (nuint)bytes);
        return memory;
    }
}
