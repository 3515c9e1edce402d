using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Tokens;

namespace MaskLlm.Measures;

/// <summary>A text whose perplexity is taken.</summary>
/// <param name="Ids">Its tokens.</param>
/// <param name="Length">Tokens a window.</param>
/// <param name="Tokenizer">That made them; null where they were given.</param>
internal sealed record EvaluationText(int[] Ids, int Length, Tokenizer? Tokenizer)
{
    /// <summary>Reads it.</summary>
    /// <param name="request">Data and windows.</param>
    /// <param name="config">Of the model.</param>
    /// <param name="tokenizer">Asked for where the data are no ids.</param>
    /// <param name="progress">Told that it is read.</param>
    /// <param name="cancellation">Stops the wait for a pipe.</param>
    /// <exception cref="ArgumentException">The window does not fit the model or the text.</exception>
    internal static EvaluationText Read(EvaluationRequest request, DecoderConfig config, Lazy<Tokenizer> tokenizer,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        string data = request.Data!;
        int length = PerplexityWindows.Length(config, request.SequenceLength ?? WholeTokens.RowLength(data, config.MaxPositions));
        PerplexityWindows.RequireFit(config, length, request.MaxWindows);
        progress?.Report(new Progress($"reading {data}", 0, 1));
        Tokenizer? used = null;
        int[] ids = WholeTokens.Read(data, config.VocabularySize, text => (used = tokenizer.Value).Encode(text), cancellation);
        PerplexityWindows.RequireText(ids.Length, length);
        return new EvaluationText(ids, length, used);
    }

    /// <summary>Adds bytes and words to a result.</summary>
    internal PerplexityResult WithUnits(PerplexityResult result)
    {
        if (Tokenizer is null) return result;
        int tokens = result.Windows * Length;
        return result with { Text = TextPerplexity.Of(result.Perplexity, tokens, Tokenizer.Decode(Ids.AsSpan(0, tokens))) };
    }
}
