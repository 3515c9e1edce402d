using MaskLlm.Numerals;

namespace MaskLlm.Decoding;

/// <summary>What a <see cref="RuntimeDecoder"/> may use.</summary>
public sealed record RuntimeDecoderOptions
{
    /// <summary>Threads; null for all processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Tokens that go through the model at once: a longer prompt is cut into so many.</summary>
    public int TokensAtOnce { get; init; } = 128;

    /// <summary>The longest a sequence can be, in tokens; null for the model's own limit, which it never exceeds.</summary>
    public int? ContextLength { get; init; }

    /// <summary>The most memory that keys and values of all sequences take together.</summary>
    public long CacheBytes { get; init; } = 2L << 30;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate()
    {
        OptionRanges.Threads.Require(Threads);
        if (TokensAtOnce < 1) throw new ArgumentException($"{TokensAtOnce} tokens at once: at least 1 is needed.");
        OptionRanges.Context.Require(ContextLength);
        if (CacheBytes < 1) throw new ArgumentException($"{CacheBytes} bytes for keys and values: more than none are needed.");
    }
}
