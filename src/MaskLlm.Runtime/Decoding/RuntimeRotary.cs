using MaskLlm.Architectures;

namespace MaskLlm.Decoding;

/// <summary>Cosines and sines of the tokens that run together.</summary>
internal sealed class RuntimeRotary
{
    private readonly RotaryConfig _config;
    private readonly int _headSize;
    private readonly float _factor;
    private readonly float[] _frequencies, _cosine, _sine;
    private readonly float[]? _longFrequencies;

    /// <param name="config">Base and scaling.</param>
    /// <param name="headSize">Dimensions of a head.</param>
    /// <param name="tokens">At most so many run together.</param>
    internal RuntimeRotary(RotaryConfig config, int headSize, int tokens)
    {
        (_config, _headSize, _factor) = (config, headSize, (float)(config.Scaling?.AttentionFactor ?? 1));
        _frequencies = FrequenciesOf(length: 0);
        if (config.Scaling is { Kind: RotaryScalingKind.LongRope }) _longFrequencies = FrequenciesOf(int.MaxValue);
        (_cosine, _sine) = (new float[tokens * Pairs], new float[tokens * Pairs]);
    }

    /// <summary>Pairs of a head that are turned.</summary>
    internal int Pairs => _frequencies.Length;

    /// <summary>Makes those of one token.</summary>
    /// <param name="token">Its place among those that run together.</param>
    /// <param name="position">In its text.</param>
    /// <param name="length">Of its text, as far as that is known.</param>
    internal void Set(int token, int position, int length)
    {
        bool isLong = _config.Scaling is { DependsOnLength: true } scaling && length > scaling.OriginalMaxPositions;
        float[] frequencies = isLong ? _longFrequencies ?? FrequenciesOf(length) : _frequencies;
        for (int pair = 0; pair < frequencies.Length; pair++)
        {
            // As transformers: the angle is rounded to float32.
            float angle = position * frequencies[pair];
            (float sine, float cosine) = MathF.SinCos(angle);
            (_sine[token * Pairs + pair], _cosine[token * Pairs + pair]) = (sine * _factor, cosine * _factor);
        }
    }

    /// <summary>Turns the pairs of a head's first dimensions.</summary>
    internal void Turn(Span<float> head, int token)
    {
        ReadOnlySpan<float> cosine = _cosine.AsSpan(token * Pairs, Pairs), sine = _sine.AsSpan(token * Pairs, Pairs);
        if (_config.TurnsNeighbours)
        {
            for (int i = 0; i < cosine.Length; i++)
            {
                (float one, float next) = (head[2 * i], head[2 * i + 1]);
                (head[2 * i], head[2 * i + 1]) = (one * cosine[i] - next * sine[i], next * cosine[i] + one * sine[i]);
            }
            return;
        }
        Span<float> first = head[..Pairs], second = head.Slice(Pairs, Pairs);
        for (int i = 0; i < first.Length; i++)
            (first[i], second[i]) = (first[i] * cosine[i] - second[i] * sine[i], second[i] * cosine[i] + first[i] * sine[i]);
    }

    private float[] FrequenciesOf(int length) =>
        [.. RotaryFrequencies.Of(_config, _headSize, length).Select(frequency => (float)frequency)];
}
