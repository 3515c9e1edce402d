using System.Numerics.Tensors;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>What is done token by token, between the products.</summary>
public sealed unsafe partial class RuntimeDecoder
{
    private void Embed(int worker, int from, int to)
    {
        for (int token = from; token < to; token++)
        {
            PanelUnpacking.Row(_model.Embedding, _tokens[token].Id, _hidden.Row(token));
            _projected.Row(token).Clear();
            for (int pair = 0; pair < _frequencies.Length; pair++)
            {
                // As transformers: the angle is rounded to float32.
                float angle = _positions[token] * _frequencies[pair];
                (_sine[token * _frequencies.Length + pair], _cosine[token * _frequencies.Length + pair]) = MathF.SinCos(angle);
            }
        }
    }

    private void NormInput(int worker, int from, int to)
    {
        float[]? bias = _blockIndex == 0 ? null : _model.Blocks[_blockIndex - 1].Down.Bias;
        for (int token = from; token < to; token++) AddAndNorm(token, bias, _block.InputNorm, token);
    }

    private void NormPostAttention(int worker, int from, int to)
    {
        for (int token = from; token < to; token++) AddAndNorm(token, _block.Output.Bias, _block.PostAttentionNorm, token);
    }

    private void NormFinal(int worker, int from, int to)
    {
        for (int wanted = from; wanted < to; wanted++) AddAndNorm(_wanted[wanted], _block.Down.Bias, _model.FinalNorm, wanted);
    }

    /// <summary>hidden += projected + bias; what the next product multiplies is its norm.</summary>
    private void AddAndNorm(int token, float[]? bias, float[] weight, int inputToken)
    {
        Span<float> hidden = _hidden.Row(token), normed = _normed.Row(token);
        TensorPrimitives.Add(hidden, _projected.Row(token), hidden);
        if (bias is not null) TensorPrimitives.Add(hidden, bias, hidden);
        Norm(hidden, weight, normed);
        _inputs.Pack(_input, inputToken, _normed.WholeRow(token));
    }

    private void Norm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> target)
    {
        float squares = TensorPrimitives.SumOfSquares(x);
        // 1 / infinity is 0, and zeros look like numbers: what is beyond float32 stays so until it is noticed.
        float inverse = float.IsFinite(squares) ? (float)(1 / Math.Sqrt(squares / x.Length + _config.NormEpsilon)) : float.NaN;
        TensorPrimitives.Multiply(x, inverse, target);
        TensorPrimitives.Multiply(target, weight, target);
    }

    /// <summary>Queries are turned; keys are turned and go into the cache with the values.</summary>
    private void Place(int worker, int from, int to)
    {
        int size = _config.HeadSize;
        for (int token = from; token < to; token++)
        {
            AddBias(_query.Row(token), _block.Query.Bias);
            AddBias(_key.Row(token), _block.Key.Bias);
            AddBias(_value.Row(token), _block.Value.Bias);
            for (int head = 0; head < _config.HeadCount; head++) Turn(_query.Row(token).Slice(head * size, size), _block.QueryNorm, token);
            int position = _positions[token];
            nint page = _tokens[token].Cache.Pages[position / KeyValuePages.Positions];
            for (int head = 0; head < _config.KeyValueHeadCount; head++)
            {
                Span<float> key = _key.Row(token).Slice(head * size, size);
                Turn(key, _block.KeyNorm, token);
                int at = position % KeyValuePages.Positions * size;
                key.CopyTo(new Span<float>(_pages.At(page, _blockIndex, isValue: false, head) + at, size));
                _value.Row(token).Slice(head * size, size).CopyTo(new Span<float>(_pages.At(page, _blockIndex, isValue: true, head) + at, size));
            }
        }
    }

    private static void AddBias(Span<float> row, float[]? bias)
    {
        if (bias is not null) TensorPrimitives.Add(row, bias, row);
    }

    // The pairs (i, i + half) of a head.
    private void Turn(Span<float> head, float[]? norm, int token)
    {
        if (norm is not null) Norm(head, norm, head);
        int half = head.Length / 2;
        ReadOnlySpan<float> cosine = _cosine.AsSpan(token * half, half), sine = _sine.AsSpan(token * half, half);
        Span<float> first = head[..half], second = head[half..];
        for (int i = 0; i < half; i++)
            (first[i], second[i]) = (first[i] * cosine[i] - second[i] * sine[i], second[i] * cosine[i] + first[i] * sine[i]);
    }

    private void Attend(int worker, int from, int to)
    {
        int size = _config.HeadSize, queriesOfKey = _config.HeadCount / _config.KeyValueHeadCount;
        for (int piece = from; piece < to; piece++)
        {
            int token = piece / _config.HeadCount, head = piece % _config.HeadCount, seen = _positions[token] + 1;
            int first = _block.Window is { } window ? Math.Max(0, seen - window) : 0;
            HeadAttention.Attend(
                _query.Row(token).Slice(head * size, size), _pages, _tokens[token].Cache, _blockIndex, head / queriesOfKey, first,
                _scores[worker].AsSpan(0, seen - first), _mixed.Row(token).Slice(head * size, size));
        }
    }

    private void PackMixed(int worker, int from, int to)
    {
        for (int token = from; token < to; token++) _inputs.Pack(_input, token, _mixed.WholeRow(token));
    }

    /// <summary>silu(gate) * up.</summary>
    private void Activate(int worker, int from, int to)
    {
        for (int token = from; token < to; token++)
        {
            Span<float> gate = _gate.Row(token), up = _up.Row(token);
            AddBias(gate, _block.Gate.Bias);
            AddBias(up, _block.Up.Bias);
            TensorPrimitives.Multiply(up, gate, up);
            TensorPrimitives.Sigmoid(gate, gate);
            TensorPrimitives.Multiply(up, gate, up);
            _inputs.Pack(_input, token, _up.WholeRow(token));
        }
    }
}
