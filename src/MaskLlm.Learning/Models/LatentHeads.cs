using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Queries, keys and values of a block that are made of latents; the last dimensions of queries and keys are turned, and of keys
/// all heads share them.</summary>
internal sealed class LatentHeads
{
    private readonly DecoderConfig _config;
    private readonly bool _turnsNeighbours;
    private readonly LinearSlices _read, _keyValue;
    private readonly LinearSlices? _query;
    private readonly Norm? _queryNorm;
    private readonly Norm _keyValueNorm;

    /// <param name="config">The decoder.</param>
    /// <param name="plan">Of the block.</param>
    /// <param name="byInput">Its layers, by <see cref="BlockPlan.TensorsByInput"/>.</param>
    /// <param name="norm">Makes a norm.</param>
    internal LatentHeads(DecoderConfig config, BlockPlan plan, IReadOnlyList<IReadOnlyList<LinearLayer>> byInput,
        Func<NormTensors, Norm> norm)
    {
        LatentPlan latent = plan.Latent!;
        (_config, _turnsNeighbours) = (config, config.Rotary!.TurnsNeighbours);
        _read = new LinearSlices(byInput[0], 0, latent.Query ?? plan.Query, latent.KeyValue, latent.TurnedKey);
        _query = latent.Query is null ? null : new LinearSlices(byInput[1], 0, plan.Query);
        _keyValue = new LinearSlices(byInput[latent.Query is null ? 1 : 2], 0, plan.Key, plan.Value);
        _queryNorm = latent.QueryNorm is { } queryNorm ? norm(queryNorm) : null;
        _keyValueNorm = norm(latent.KeyValueNorm);
    }

    /// <summary>Of the norms.</summary>
    internal IEnumerable<Tensor?> Parameters => [.. _queryNorm?.Parameters ?? [], .. _keyValueNorm.Parameters];

    /// <param name="x">(B, T, D).</param>
    /// <param name="cosine">(T, turned/2).</param>
    /// <param name="sine">(T, turned/2).</param>
    /// <returns>(B, T, H, hs) twice and (B, T, H, vs), of the caller's scope.</returns>
    internal (Tensor Query, Tensor Key, Tensor Value) Call(Tensor x, Tensor cosine, Tensor sine)
    {
        Tensor[] read = _read.Call(x);
        Tensor query = Heads(_query is null ? read[0] : _query.Call(_queryNorm!.Call(read[0]))[0], _config.HeadCount);
        Tensor[] keyValue = _keyValue.Call(_keyValueNorm.Call(read[1]));
        Tensor key = Heads(keyValue[0], _config.HeadCount);                             // (B, T, H, plain)
        int plain = _config.PlainKeySize, turned = _config.RotarySize;
        Tensor turnedQuery = RotaryEmbedding.Apply(query.narrow(-1, plain, turned), cosine, sine, _turnsNeighbours);
        Tensor turnedKey = RotaryEmbedding.Apply(Heads(read[2], 1), cosine, sine, _turnsNeighbours);    // (B, T, 1, turned)
        return (cat([query.narrow(-1, 0, plain), turnedQuery], -1),
            cat([key, turnedKey.expand(-1, -1, _config.HeadCount, -1)], -1), Heads(keyValue[1], _config.HeadCount));
    }

    /// <summary>What goes into the layers that read latents.</summary>
    /// <param name="group">Their index among the block's.</param>
    /// <param name="x">(B, T, D).</param>
    /// <returns>(B, T, rank), of the caller's scope.</returns>
    internal Tensor InputOf(int group, Tensor x)
    {
        Tensor[] read = _read.Call(x);
        return _query is not null && group == 1 ? _queryNorm!.Call(read[0]) : _keyValueNorm.Call(read[1]);
    }

    private static Tensor Heads(Tensor x, int heads) => x.reshape(x.size(0), x.size(1), heads, x.size(2) / heads);
}
