using System.Threading.Channels;
using MaskLlm.Decoding;
using MaskLlm.Products;
using MaskLlm.Serving;
using MaskLlm.Tests.Decoding;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Serving;

/// <summary>A batch on the tiny Llama with a tokenizer of bytes, run step by step.</summary>
internal sealed class ServedFixture : IDisposable
{
    internal const int PagePositions = 32, ContextLength = 64;

    private readonly TemporaryFolder _folder = new();
    private readonly RuntimeModel _model;

    internal ServedFixture(ServingOptions? options = null, int tokensAtOnce = 16, int pages = 64)
    {
        _model = RuntimeFiles.Export(_folder, "llama-gqa-tied", WeightType.Float32);
        long pageBytes = new KeyValuePages(_model.Config, 1).PageBytes;
        Decoder = new RuntimeDecoder(_model,
            new RuntimeDecoderOptions { Threads = 2, TokensAtOnce = tokensAtOnce, CacheBytes = pages * pageBytes });
        Batch = new TextBatch(Decoder, Tokenizer, EndOfText, options ?? new ServingOptions { Parallel = 8 });
    }

    internal RuntimeDecoder Decoder { get; }

    internal TextBatch Batch { get; }

    internal Tokenizer Tokenizer { get; } = Tokenizer.Load(Fixture.PathOf("tokenizers/digits-style"));

    internal IReadOnlyList<int> EndOfText { get; } = [1];

    internal static TextRequest Request(int[] prompt, int tokens, SamplingOptions? sampling = null, params string[] stops) =>
        new(prompt, tokens, sampling ?? new SamplingOptions(), stops);

    internal ChannelReader<TextPiece> Submit(TextRequest request, CancellationToken? cancelled = null) =>
        Batch.Submit(request, cancelled ?? TestContext.Current.CancellationToken);

    /// <summary>Steps until nothing runs; then all memory is free.</summary>
    internal void RunAll()
    {
        while (Batch.Step()) { }
        Assert.Equal(Decoder.CachePositions, Decoder.FreePositions);
        Assert.Equal(Decoder.CachePositions, Batch.UnpromisedPositions);
        Assert.Equal((0, 0), (Batch.Waiting, Batch.Running));
    }

    /// <summary>What a request gives alone.</summary>
    internal IReadOnlyList<int> Alone(TextRequest request)
    {
        using RuntimeDecoder decoder = new(_model, new RuntimeDecoderOptions { Threads = 1 });
        using KeyValueCache cache = decoder.StartSequence();
        return Generation.Continue(decoder, cache, request.Prompt, request.MaxTokens, request.Sampling, EndOfText).Ids;
    }

    /// <summary>The pieces that came; throws what the reader gets where the text failed.</summary>
    internal static List<TextPiece> Read(ChannelReader<TextPiece> pieces)
    {
        List<TextPiece> read = [];
        while (pieces.TryRead(out TextPiece piece)) read.Add(piece);
        if (pieces.Completion.IsFaulted) throw pieces.Completion.Exception!.InnerException!;
        if (pieces.Completion.IsCanceled) throw new OperationCanceledException();
        return read;
    }

    internal static string Text(IEnumerable<TextPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));

    public void Dispose()
    {
        Batch.Dispose();
        Decoder.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }
}
