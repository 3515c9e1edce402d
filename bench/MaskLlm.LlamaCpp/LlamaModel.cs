using LLama;
using LLama.Common;
using LLama.Native;

namespace MaskLlm.LlamaCpp;

/// <summary>A GGUF file loaded in llama.cpp on the CPU.</summary>
internal sealed class LlamaModel : IDisposable
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    /// <param name="file">The GGUF file.</param>
    /// <param name="contextTokens">Tokens of a window.</param>
    /// <param name="threads">Threads to compute with.</param>
    /// <param name="exactCache">Keys and values in F32 instead of llama.cpp's F16.</param>
    internal LlamaModel(string file, int contextTokens, int threads, bool exactCache = false)
    {
        // Warnings and errors only: stdout is for the one line of JSON.
        NativeLogConfig.llama_log_set((level, text) =>
        {
            if (level is LLamaLogLevel.Error or LLamaLogLevel.Warning) Console.Error.Write(text);
        });
        ModelParams parameters = new(file)
        {
            ContextSize = (uint)contextTokens,
            BatchSize = (uint)contextTokens,
            Threads = threads,
            BatchThreads = threads,
            GpuLayerCount = 0,
            TypeK = exactCache ? GGMLType.GGML_TYPE_F32 : null,
            FlashAttention = exactCache ? false : null,
            TypeV = exactCache ? GGMLType.GGML_TYPE_F32 : null,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
    }

    /// <summary>Rows of the embedding.</summary>
    internal int VocabularySize => _weights.Vocab.Count;

    /// <summary>The ids that llama.cpp's own tokenizer gives, special tokens inside the text included, none around it.</summary>
    internal int[] Tokenize(string text) =>
        [.. _context.NativeHandle.Tokenize(text, false, true, System.Text.Encoding.UTF8).Select(token => (int)token)];

    /// <summary>Computes a window from nothing.</summary>
    /// <param name="ids">Its tokens, at most those of the context.</param>
    /// <param name="take">Told the position and the logits (V) that follow it; the span lasts until it returns.</param>
    internal void Run(ReadOnlySpan<int> ids, Action<int, ReadOnlySpan<float>> take)
    {
        _context.NativeHandle.MemoryClear(true);
        LLamaBatch batch = new();
        for (int position = 0; position < ids.Length; position++) batch.Add(ids[position], position, LLamaSeqId.Zero, true);
        DecodeResult result = _context.Decode(batch);
        if (result != DecodeResult.Ok) throw new InvalidOperationException($"llama_decode gave {result} for {ids.Length} tokens.");
        for (int position = 0; position < ids.Length; position++) take(position, _context.NativeHandle.GetLogitsIth(position));
    }

    /// <summary>Computes a prompt of some tokens from nothing, with the logits after it.</summary>
    internal void Fill(int tokens)
    {
        _context.NativeHandle.MemoryClear(true);
        LLamaBatch batch = new();
        for (int position = 0; position < tokens; position++)
            batch.Add((31 * position + 7) % VocabularySize, position, LLamaSeqId.Zero, position == tokens - 1);
        Decode(batch);
    }

    /// <summary>Decodes tokens one by one after a context, whose later tokens are forgotten first.</summary>
    internal void Decode(int context, int steps)
    {
        _context.NativeHandle.MemorySequenceRemove(LLamaSeqId.Zero, context, -1);
        for (int step = 0; step < steps; step++)
        {
            LLamaBatch batch = new();
            batch.Add(3, context + step, LLamaSeqId.Zero, true);
            Decode(batch);
        }
    }

    private void Decode(LLamaBatch batch)
    {
        DecodeResult result = _context.Decode(batch);
        if (result != DecodeResult.Ok) throw new InvalidOperationException($"llama_decode gave {result} for {batch.TokenCount} tokens.");
        _context.NativeHandle.GetLogitsIth(batch.TokenCount - 1);
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }
}
