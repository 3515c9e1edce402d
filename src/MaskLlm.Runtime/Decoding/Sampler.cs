using System.Numerics.Tensors;
using MaskLlm.Numerals;
using MaskLlm.Randomness;

namespace MaskLlm.Decoding;

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
    internal Sampler(SamplingOptions options, int vocabularySize) : this(options, new SamplerBuffers(vocabularySize))
    {
    }

    /// <param name="options">How to draw.</param>
    /// <param name="buffers">Of V; nothing is kept there between draws.</param>
    internal Sampler(SamplingOptions options, SamplerBuffers buffers)
    {
        options.Validate();
        _options = options;
        (_logits, _candidateLogits, _candidates) = (buffers.Logits, buffers.CandidateLogits, buffers.Candidates);
    }

    /// <summary>Tells the sampler of a token that the text has, for the repetition penalty.</summary>
    internal void See(int id)
    {
        if (_options.RepetitionPenalty != 1) _seen.Add(id);
    }

    /// <summary>Draws the token of a position.</summary>
    /// <param name="logits">(V).</param>
    /// <param name="position">Of the token in its sequence.</param>
    /// <exception cref="InvalidDataException">A logit is NaN or infinite.</exception>
    internal int Draw(ReadOnlySpan<float> logits, int position)
    {
        Finite.RequireLogits(logits, position);
        logits.CopyTo(_logits);
        foreach (int id in _seen)
            _logits[id] = _logits[id] > 0 ? _logits[id] / _options.RepetitionPenalty : _logits[id] * _options.RepetitionPenalty;
        if (_options.Temperature == 0 || _options.TopK == 1) return MostProbable();
        int count = Candidates();
        if (_options.TopK > 0 && _options.TopK < count)
        {
            MostProbableFirst(count);
            count = _options.TopK;
        }
        Span<float> weights = _candidateLogits.AsSpan(0, count);
        // Below the largest: what is divided by a small temperature stays in range.
        TensorPrimitives.Subtract(weights, TensorPrimitives.Max<float>(weights), weights);
        TensorPrimitives.Divide(weights, _options.Temperature, weights);
        TensorPrimitives.SoftMax(weights, weights);
        return _candidates[Pick(_options.TopP < 1 ? weights[..Nucleus(count)] : weights, position)];
    }

    // TensorPrimitives.IndexOfMax carries its indices as float32 bits and answers 0 on a thread that flushes denormals, as libtorch's do.
    private int MostProbable() => Array.IndexOf(_logits, TensorPrimitives.Max<float>(_logits));

    // In the order of their ids: sorting a vocabulary takes longer than a small model's token.
    private int Candidates()
    {
        float least = TensorPrimitives.Max<float>(_logits) - NegligibleLogit * _options.Temperature;
        int count = 0;
        for (int id = 0; id < _logits.Length; id++)
        {
            if (_logits[id] < least) continue;
            (_candidates[count], _candidateLogits[count++]) = (id, _logits[id]);
        }
        return count;
    }

    private void MostProbableFirst(int count)
    {
        Span<float> keys = _candidateLogits.AsSpan(0, count);
        TensorPrimitives.Negate(keys, keys);
        keys.Sort(_candidates.AsSpan(0, count));
        TensorPrimitives.Negate(keys, keys);
    }

    // The least of the nucleus has at least an equal share of what may be left out: all below together have less than that.
    private int Nucleus(int count)
    {
        float least = (1 - _options.TopP) / count, sum = 0;
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (_candidateLogits[i] >= least) (_candidates[kept], _candidateLogits[kept++]) = (_candidates[i], _candidateLogits[i]);
        MostProbableFirst(kept);
        for (int i = 0; i < kept; i++)
            if ((sum += _candidateLogits[i]) >= _options.TopP) return i + 1;
        return kept;
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
