using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Randomness;
using MaskLlm.Tokens;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Evaluation;

/// <summary>Sampled continuations, to look at: every token runs the whole sequence, so it is for a few lines only.</summary>
public static class TextGeneration
{
    /// <summary>Continues a text.</summary>
    /// <param name="model">The model, with whatever weights its linear layers have now.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">At least one token of text.</param>
    /// <param name="tokens">Tokens to add; fewer where the model's positions end or <paramref name="stopId"/> comes.</param>
    /// <param name="seed">Draws of another seed differ.</param>
    /// <param name="temperature">Of the softmax; 0 takes the most probable token.</param>
    /// <param name="topK">Tokens that can be drawn.</param>
    /// <param name="stopId">Ends the text; null for none.</param>
    /// <returns>The continuation without the prompt.</returns>
    /// <exception cref="ArgumentException">The prompt has no token.</exception>
    /// <exception cref="InvalidDataException">A logit is NaN or infinite.</exception>
    public static string Continue(
        Decoder model, Tokenizer tokenizer, string prompt, int tokens, ulong seed, double temperature = 0.7, int topK = 40, int? stopId = null)
    {
        List<int> ids = [.. tokenizer.Encode(prompt)];
        if (ids.Count == 0) throw new ArgumentException("the prompt has no token; give some text.");
        int start = ids.Count;
        using IDisposable noGradient = no_grad();
        while (ids.Count < start + tokens && ids.Count < model.Config.MaxPositions)
        {
            int next = Draw(NextLogits(model, ids), temperature, topK, seed, ids.Count);
            if (next == stopId) break;
            ids.Add(next);
        }
        return tokenizer.Decode([.. ids.Skip(start)]);
    }

    private static float[] NextLogits(Decoder model, List<int> ids)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = tensor(ids.ConvertAll(id => (long)id).ToArray(), [1, ids.Count]).to(model.Device);
        return TensorBytes.Floats(model.Forward(input).select(1, ids.Count - 1).to(ScalarType.Float32).cpu().contiguous()).ToArray();
    }

    private static int Draw(float[] logits, double temperature, int topK, ulong seed, int position)
    {
        Finite.RequireLogits(logits, position);
        int[] best = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(Math.Max(1, topK))];
        if (temperature <= 0) return best[0];
        double[] weights = [.. best.Select(id => Math.Exp((logits[id] - logits[best[0]]) / temperature))];
        Span<uint> words = stackalloc uint[4];
        Philox.Block(seed, 0, (ulong)position, words);
        double left = words[0] / 4294967296.0 * weights.Sum();
        for (int i = 0; i < best.Length; i++)
            if ((left -= weights[i]) < 0) return best[i];
        return best[^1];
    }
}
