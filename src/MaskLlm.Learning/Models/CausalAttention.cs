using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>softmax(scale q k^T) v, where a token sees itself and those before it.</summary>
internal static class CausalAttention
{
    // The probabilities, which the plain way keeps, grow with the square of the tokens.
    private const int LongestPlain = 1024;

    /// <param name="query">(B, T, H, hs).</param>
    /// <param name="key">(B, T, H, hs).</param>
    /// <param name="value">(B, T, H, vs).</param>
    /// <param name="window">Tokens that a token sees, itself included; null for all before it.</param>
    /// <param name="scale">Multiplies the scores.</param>
    /// <param name="softCap">c of c tanh(x / c), which they then go through; null for none.</param>
    /// <param name="branches">Who sees whom where a row has several endings; null where it is one text.</param>
    /// <param name="hasAlibi">Whether the scores fall with the distance.</param>
    /// <param name="sinks">(H): a logit that no token has; null for none.</param>
    /// <returns>(B, T, H, vs), of the caller's scope.</returns>
    internal static Tensor Call(Tensor query, Tensor key, Tensor value, int? window, double scale, double? softCap,
        TextBranches? branches = null, bool hasAlibi = false, Tensor? sinks = null)
    {
        using DisposeScope scope = NewDisposeScope();
        long tokens = query.size(1);
        query = query.transpose(1, 2);                                                  // (B, H, T, hs)
        key = key.transpose(1, 2);
        value = value.transpose(1, 2);
        if (window >= tokens) window = null;
        if (softCap is not null || hasAlibi || sinks is not null || IsPlain(query.dtype, query.device_type, tokens))
        {
            Tensor seen = branches?.SeenWithin(window) ?? Seen(tokens, window, query.device);
            Tensor unseen = zeros(seen.shape, query.dtype, query.device).FillInPlace(seen.logical_not(), double.NegativeInfinity);
            Tensor scores = matmul(query, key.transpose(2, 3)).TimesInPlace(scale);
            scores = Activations.Capped(scores, softCap).PlusInPlace(unseen);
            if (hasAlibi) scores.PlusInPlace(Alibi(query, branches));
            return matmul(Shares(scores, sinks), value).transpose(1, 2).MoveToOuterDisposeScope();
        }

        // The result takes the query's layout in memory: with the tokens outside the heads, joining the heads copies nothing.
        Tensor? mask = branches?.SeenWithin(window) ?? (window is null ? null : Seen(tokens, window, query.device));
        // libtorch's fused attention has heads of one size; zeros add nothing.
        long values = value.size(3), size = Math.Max(values, query.size(3));
        (query, key, value) = (Filled(query, size), Filled(key, size), Filled(value, size));
        // libtorch's own scale is 1 / sqrt(hs), and TorchSharp has no other.
        double left = scale * Math.Sqrt(size);
        if (Math.Abs(left - 1) > 1e-12) query = query.Times(left);
        Tensor mixed = nn.functional.scaled_dot_product_attention(query, key, value, mask, is_casual: mask is null).transpose(1, 2);
        return (values == size ? mixed : mixed.narrow(-1, 0, values)).MoveToOuterDisposeScope();
    }

    private static Tensor Filled(Tensor x, long size) => x.size(3) == size ? x : nn.functional.pad(x, [0, size - x.size(3)]);

    // softmax over (B, H, T, T); the share of a sink is nobody's.
    private static Tensor Shares(Tensor scores, Tensor? sinks)
    {
        if (sinks is null) return nn.functional.softmax(scores, -1);
        long tokens = scores.size(-1);
        Tensor sink = sinks.to(scores.dtype).view(1, -1, 1, 1).expand(scores.size(0), -1, scores.size(2), 1);
        return nn.functional.softmax(cat([scores, sink], -1), -1).narrow(-1, 0, tokens);
    }

    /// <summary>Bytes kept for the backward pass, a token and head, beside the inputs and what comes out.</summary>
    internal static double KeptBytes(DecoderConfig config, ScalarType compute, DeviceType device, long tokens) =>
        config.AttentionSoftCap is not null || config.HasAlibi || IsPlain(compute, device, tokens)
            ? tokens * compute.ElementSize() : sizeof(float);

    // libtorch's fused attention for CPUs multiplies bfloat16 by way of float32: three to four times slower than its products of bfloat16.
    private static bool IsPlain(ScalarType compute, DeviceType device, long tokens) => device == DeviceType.CPU
        && compute == ScalarType.BFloat16 && tokens <= LongestPlain;

    // (H, T, T), or (B, H, T, T) where rows have positions of their own: what is added to a score for the tokens between the two.
    private static Tensor Alibi(Tensor query, TextBranches? branches)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor places = branches?.Positions.to(ScalarType.Float32)
            ?? tensor(Enumerable.Range(0, (int)query.size(2)).Select(place => (float)place).ToArray(), device: query.device);
        Tensor distance = (places.unsqueeze(-2) - places.unsqueeze(-1)).unsqueeze(-3);          // (1, T, T), not positive where it is seen
        Tensor slopes = tensor(AlibiSlopes.Of((int)query.size(1)), device: query.device).view(-1, 1, 1);
        return (distance * slopes).to(query.dtype).MoveToOuterDisposeScope();
    }

    // (T, T): whether a row's token sees a column's.
    private static Tensor Seen(long tokens, int? window, Device device)
    {
        Tensor before = ones(tokens, tokens, dtype: ScalarType.Bool, device: device).tril();
        return window is { } size ? before.triu(1 - size) : before;
    }
}
