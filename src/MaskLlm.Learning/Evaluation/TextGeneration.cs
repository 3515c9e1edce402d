using MaskLlm.Decoding;
using MaskLlm.Models;
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
    /// <param name="sampling">How tokens are drawn; null for a temperature of 0.7 and the 40 most probable.</param>
    /// <param name="stopId">Ends the text; null for none.</param>
    /// <returns>The continuation without the prompt.</returns>
    /// <exception cref="ArgumentException">The prompt has no token, or an option is out of range.</exception>
    /// <exception cref="InvalidDataException">A logit is NaN or infinite.</exception>
    public static string Continue(
        Decoder model, Tokenizer tokenizer, string prompt, int tokens, SamplingOptions? sampling = null, int? stopId = null)
    {
        Sampler sampler = new(sampling ?? new SamplingOptions { Temperature = 0.7f, TopK = 40 }, model.Config.VocabularySize);
        List<int> ids = [.. tokenizer.Encode(prompt)];
        if (ids.Count == 0) throw new ArgumentException("the prompt has no token; give some text.");
        int start = ids.Count;
        ids.ForEach(sampler.See);
        using IDisposable noGradient = no_grad();
        while (ids.Count < start + tokens && ids.Count < model.Config.MaxPositions)
        {
            int next = sampler.Draw(NextLogits(model, ids), ids.Count);
            if (next == stopId) break;
            sampler.See(next);
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
}
