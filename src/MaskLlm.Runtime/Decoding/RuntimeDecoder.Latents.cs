namespace MaskLlm.Decoding;

/// <summary>Queries, keys and values that are made of latents; the cache has them by head, as it has any others.</summary>
public sealed unsafe partial class RuntimeDecoder
{
    private void MultiplyByLatents(RuntimeLatent latent)
    {
        RuntimeProduct first = latent.Query is { } query ? new(query.Weight, _input, _queryLatent!)
            : new(_block.Query.Weight, _input, _query);
        Products(first, new(latent.KeyValue.Weight, _input, _latent!), new(latent.TurnedKey.Weight, _input, _turnedKey!));
        if (latent.Query is not null)
        {
            _input = _inputs.Of(_count, _queryLatent!.Width);
            _team.Run(_count, _packQueryLatent, TokensForTeam);
            Products(new RuntimeProduct(_block.Query.Weight, _input, _query));
        }
        _input = _inputs.Of(_count, _latent!.Width);
        _team.Run(_count, _packLatent, TokensForTeam);
        Products(new(_block.Key.Weight, _input, _key), new(_block.Value.Weight, _input, _value));
    }

    private void PackQueryLatent(int worker, int from, int to) =>
        Pack(_queryLatent!, _block.Latent!.Query!, _block.Latent.QueryNorm!, from, to);

    private void PackLatent(int worker, int from, int to) =>
        Pack(_latent!, _block.Latent!.KeyValue, _block.Latent.KeyValueNorm, from, to);

    private void Pack(ActivationBuffer latents, RuntimeLinear made, RuntimeNorm norm, int from, int to)
    {
        for (int token = from; token < to; token++)
        {
            AddBias(latents.Row(token), made.Bias);
            Norm(latents.Row(token), norm, latents.Row(token));
            _inputs.Pack(_input, token, latents.WholeRow(token));
        }
    }

    /// <summary>The last dimensions of queries are turned, and those of the key that all heads share; each head's key goes into the cache
    /// whole, with its value.</summary>
    private void PlaceLatent(int worker, int from, int to)
    {
        int size = _config.HeadSize, plain = _config.PlainKeySize, values = _config.ValueSize;
        for (int token = from; token < to; token++)
        {
            for (int head = 0; head < _config.HeadCount; head++)
                Turn(_query.Row(token).Slice(head * size + plain, size - plain), null, token);
            Span<float> turned = _turnedKey!.Row(token);
            AddBias(turned, _block.Latent!.TurnedKey.Bias);
            Turn(turned, null, token);
            int position = _positions[token], inPage = position % KeyValuePages.Positions;
            nint page = _tokens[token].Cache.Pages[position / KeyValuePages.Positions];
            for (int head = 0; head < _config.HeadCount; head++)
            {
                Span<float> key = new(_pages.At(page, _blockIndex, isValue: false, head) + inPage * size, size);
                _key.Row(token).Slice(head * plain, plain).CopyTo(key);
                turned.CopyTo(key[plain..]);
                _value.Row(token).Slice(head * values, values)
                    .CopyTo(new Span<float>(_pages.At(page, _blockIndex, isValue: true, head) + inPage * values, values));
            }
        }
    }
}
