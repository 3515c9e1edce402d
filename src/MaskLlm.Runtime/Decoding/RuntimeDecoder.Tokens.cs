using System.Numerics.Tensors;
using MaskLlm.Architectures;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>What is done token by token, between the products.</summary>
public sealed unsafe partial class RuntimeDecoder
{
    private void Embed(int worker, int from, int to)
    {
        for (int token = from; token < to; token++)
        {
            Span<float> hidden = _hidden.Row(token);
            PanelUnpacking.Row(_model.Embedding, _tokens[token].Id, hidden);
            if (_config.EmbeddingScale != 1) TensorPrimitives.Multiply(hidden, (float)_config.EmbeddingScale, hidden);
            int position = _positions[token], length = _tokens[token].Cache.TextLength;
            if (_model.Positions is { } learned)
                TensorPrimitives.Add(hidden, learned.AsSpan((position + _config.PositionOffset) * hidden.Length, hidden.Length), hidden);
            if (_model.EmbeddingNorm is { } norm) Norm(hidden, norm, hidden);
            _projected.Row(token).Clear();
            _rotary?.Set(token, position, length);
            if (_windowRotary != _rotary) _windowRotary!.Set(token, position, length);
        }
    }

    private void NormInput(int worker, int from, int to)
    {
        RuntimeBlock? before = _blockIndex == 0 ? null : _model.Blocks[_blockIndex - 1];
        for (int token = from; token < to; token++)
        {
            Add(token, before?.Mlp?.Down.Bias, before?.OutputNorm);
            NormAndPack(token, _block.InputNorm, token);
        }
    }

    private void NormMlp(int worker, int from, int to)
    {
        for (int token = from; token < to; token++)
        {
            // In parallel the MLP reads what attention read.
            if (_config.IsParallel) NormAndPack(token, _block.MlpNorm, token);
            Add(token, _block.Output.Bias, _block.AttentionNorm);
            if (!_config.IsParallel) NormAndPack(token, _block.MlpNorm, token);
        }
    }

    private void NormFinal(int worker, int from, int to)
    {
        for (int wanted = from; wanted < to; wanted++)
        {
            Add(_wanted[wanted], _block.Mlp?.Down.Bias, _block.OutputNorm);
            NormAndPack(_wanted[wanted], _model.FinalNorm, wanted);
        }
    }

    /// <summary>hidden += what was projected, with its bias, norm and multiplier.</summary>
    private void Add(int token, float[]? bias, RuntimeNorm? norm)
    {
        Span<float> hidden = _hidden.Row(token), added = _projected.Row(token);
        if (norm is null && _config.ResidualMultiplier == 1)
        {
            TensorPrimitives.Add(hidden, added, hidden);
            AddBias(hidden, bias);
            return;
        }
        AddBias(added, bias);
        if (norm is not null) Norm(added, norm, added);
        TensorPrimitives.Multiply(added, (float)_config.ResidualMultiplier, added);
        TensorPrimitives.Add(hidden, added, hidden);
    }

    /// <summary>What the next product multiplies is the norm of the hidden state, or without one itself.</summary>
    private void NormAndPack(int token, RuntimeNorm? norm, int inputToken)
    {
        if (norm is not null) Norm(_hidden.Row(token), norm, _normed.Row(token));
        _inputs.Pack(_input, inputToken, norm is null ? _hidden.WholeRow(token) : _normed.WholeRow(token));
    }

    private void Norm(ReadOnlySpan<float> x, RuntimeNorm norm, Span<float> target)
    {
        if (_config.Norm == NormKind.Layer)
        {
            TensorPrimitives.Subtract(x, TensorPrimitives.Sum(x) / x.Length, target);
            x = target;
        }
        float squares = TensorPrimitives.SumOfSquares(x);
        // 1 / infinity is 0, and zeros look like numbers: what is beyond float32 stays so until it is noticed.
        float inverse = float.IsFinite(squares) ? (float)(1 / Math.Sqrt(squares / x.Length + norm.Epsilon)) : float.NaN;
        TensorPrimitives.Multiply(x, inverse, target);
        TensorPrimitives.Multiply(target, norm.Weight, target);
        if (norm.Bias is not null) TensorPrimitives.Add(target, norm.Bias, target);
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
            bool isWhole = _config.QueryKeyNorm == QueryKeyNorm.Whole;
            if (isWhole) Norm(_query.Row(token), _block.QueryNorm!, _query.Row(token));
            if (isWhole) Norm(_key.Row(token), _block.KeyNorm!, _key.Row(token));
            for (int head = 0; head < _config.HeadCount; head++)
                Turn(_query.Row(token).Slice(head * size, size), isWhole ? null : _block.QueryNorm, token);
            int position = _positions[token];
            nint page = _tokens[token].Cache.Pages[position / KeyValuePages.Positions];
            for (int head = 0; head < _config.KeyValueHeadCount; head++)
            {
                Span<float> key = _key.Row(token).Slice(head * size, size);
                Turn(key, isWhole ? null : _block.KeyNorm, token);
                int at = position % KeyValuePages.Positions * size;
                key.CopyTo(new Span<float>(_pages.At(page, _blockIndex, isValue: false, head) + at, size));
                _value.Row(token).Slice(head * size, size)
                    .CopyTo(new Span<float>(_pages.At(page, _blockIndex, isValue: true, head) + at, size));
            }
        }
    }

    private static void AddBias(Span<float> row, float[]? bias)
    {
        if (bias is not null) TensorPrimitives.Add(row, bias, row);
    }

    private void Turn(Span<float> head, RuntimeNorm? norm, int token)
    {
        if (norm is not null) Norm(head, norm, head);
        if (_block.IsRotated) (_block.Window is null ? _rotary : _windowRotary)!.Turn(head, token);
    }

    private void Attend(int worker, int from, int to)
    {
        int size = _config.HeadSize, mixed = _config.ValueSize, queriesOfKey = _config.HeadCount / _config.KeyValueHeadCount;
        for (int piece = from; piece < to; piece++)
        {
            int token = piece / _config.HeadCount, head = piece % _config.HeadCount, seen = _positions[token] + 1;
            int first = _block.Window is { } window ? Math.Max(0, seen - window) : 0;
            HeadAttention.Attend(
                _query.Row(token).Slice(head * size, size), _pages, _tokens[token].Cache, _blockIndex, head / queriesOfKey,
                _block.Scale, _config.AttentionSoftCap, _slopes[head], _block.Sinks?[head], first,
                _scores[worker].AsSpan(0, seen - first), _mixed.Row(token).Slice(head * mixed, mixed));
        }
    }

    private void PackMixed(int worker, int from, int to)
    {
        for (int token = from; token < to; token++) _inputs.Pack(_input, token, _mixed.WholeRow(token));
    }

    /// <summary>activation(gate) * up, or activation(up) without a gate.</summary>
    private void Activate(int worker, int from, int to)
    {
        for (int token = from; token < to; token++)
        {
            // Another block's MLP may be wider.
            int width = _block.Mlp!.Up.Weight.Rows;
            Span<float> whole = _up.WholeRow(token)[..PackedLayout.Padded(width)];
            whole[width..].Clear();
            Activate(_block.Mlp, _gate.Row(token)[..width], whole[..width]);
            _inputs.Pack(_input, token, whole);
        }
    }

    private void Activate(RuntimeMlp mlp, Span<float> gate, Span<float> up)
    {
        AddBias(up, mlp.Up.Bias);
        if (mlp.Gate is null)
        {
            RuntimeActivation.Apply(_config.Activation, up);
            return;
        }
        AddBias(gate, mlp.Gate.Bias);
        if (_config.Activation == Activation.Silu)
        {
            RuntimeActivation.GateBySilu(gate, up);
            return;
        }
        RuntimeActivation.Apply(_config.Activation, gate);
        TensorPrimitives.Multiply(up, gate, up);
    }
}
