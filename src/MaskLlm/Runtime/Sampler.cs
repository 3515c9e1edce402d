using System.Numerics.Tensors;
using MaskLlm.Kernels;

namespace MaskLlm.Runtime;

/// <summary>Draws tokens of one sequence; what is drawn depends on the seed and the position only.</summary>
internal sealed class Sampler
{
    // Tokens below e^-30 of the most probable one never matter to a float32 sum.
    private const float NegligibleLogit = 30;

    private readonly SamplingOptions _options;
    private readonly float[] _logits, _candidateLogits;
    private readonly int[] _candidates;
    private readonly HashSet<int> _seen = [];

    /// <param name="options">How to draw.</param>
    /// <param name="vocabularySize">V.</param>
    internal Sampler(SamplingOptions options, int vocabularySize)
    {
        options.Validate();
        _options = options;
        (_logits, _candidateLogits, _candidates) = (new float[vocabularySize], new float[vocabularySize], new int[vocabularySize]);
    }

    /// <summary>Tells the sampler of a token that the text has, for the repetition penalty.</summary>
    internal void See(int id)
    {
        if (_options.RepetitionPenalty != 1) _seen.Add(id);
    }

    /// <summary>Draws the token of a position.</summary>
    /// <param name="logits">(V).</param>
    /// <param name="position">Of the token in its sequence.</param>
    internal int Draw(ReadOnlySpan<float> logits, int position)
    {
        logits.CopyTo(_logits);
        foreach (int id in _seen) _logits[id] = _logits[id] > 0 ? _logits[id] / _options.RepetitionPenalty : _logits[id] * _options.RepetitionPenalty;
        if (_options.Temperature == 0 || _options.TopK == 1) return TensorPrimitives.IndexOfMax<float>(_logits);
        int count = Candidates();
        Span<float> weights = _candidateLogits.AsSpan(0, count);
        TensorPrimitives.Divide(weights, _options.Temperature, weights);
        TensorPrimitives.SoftMax(weights, weights);
        return _candidates[Pick(weights[..Nucleus(weights)], position)];
    }

    // Most probable first.
    private int Candidates()
    {
        float least = TensorPrimitives.Max<float>(_logits) - NegligibleLogit * _options.Temperature;
        int count = 0;
        for (int id = 0; id < _logits.Length; id++)
        {
            if (_logits[id] < least) continue;
            (_candidates[count], _candidateLogits[count++]) = (id, -_logits[id]);
        }
        Span<float> negated = _candidateLogits.AsSpan(0, count);
        negated.Sort(_candidates.AsSpan(0, count));
        TensorPrimitives.Negate(negated, negated);
        return _options.TopK > 0 ? Math.Min(count, _options.TopK) : count;
    }

    private int Nucleus(ReadOnlySpan<float> probabilities)
    {
        float sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
            if ((sum += probabilities[i]) >= _options.TopP) return i + 1;
        return probabilities.Length;
    }

    private int Pick(ReadOnlySpan<float> weights, int position)
    {
        Span<uint> words = stackalloc uint[4];
        Philox.Block(_options.Seed, 0, (ulong)position, words);
        double left = words[0] / 4294967296.0 * TensorPrimitives.Sum(weights);
        for (int i = 0; i < weights.Length; i++)
            if ((left -= weights[i]) < 0) return i;
        return weights.Length - 1;
    }
}
