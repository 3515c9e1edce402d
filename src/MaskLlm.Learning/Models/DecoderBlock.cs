using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One block: x + attention(norm(x)), then x + MLP(norm(x)).</summary>
internal sealed class DecoderBlock
{
    private readonly DecoderConfig _config;
    private readonly LinearLayer _query, _key, _value, _output, _gate, _up, _down;
    private readonly Tensor _inputNorm, _postAttentionNorm;
    private readonly Tensor? _queryNorm, _keyNorm;
    private readonly int? _window;

    internal DecoderBlock(DecoderConfig config, int index, Func<string, long[], Tensor> parameter)
    {
        _config = config;
        _window = config.SlidingWindow(index);
        string prefix = $"{ParameterShapes.BlockPrefix}{index}.";
        int queries = config.HeadCount * config.HeadSize, keys = config.KeyValueHeadCount * config.HeadSize;
        LinearLayer Linear(string name, int rows, int columns, bool bias) => new(
            $"{prefix}{name}.weight",
            parameter($"{prefix}{name}.weight", [rows, columns]),
            bias ? parameter($"{prefix}{name}.bias", [rows]) : null);
        _query = Linear("self_attn.q_proj", queries, config.HiddenSize, config.QueryKeyValueBias);
        _key = Linear("self_attn.k_proj", keys, config.HiddenSize, config.QueryKeyValueBias);
        _value = Linear("self_attn.v_proj", keys, config.HiddenSize, config.QueryKeyValueBias);
        _output = Linear("self_attn.o_proj", config.HiddenSize, queries, config.AttentionOutputBias);
        _gate = Linear("mlp.gate_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias);
        _up = Linear("mlp.up_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias);
        _down = Linear("mlp.down_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias);
        LinearsByInput = [[_query, _key, _value], [_output], [_gate, _up], [_down]];
        Linears = [.. LinearsByInput.SelectMany(sharing => sharing)];
        _inputNorm = parameter($"{prefix}input_layernorm.weight", [config.HiddenSize]);
        _postAttentionNorm = parameter($"{prefix}post_attention_layernorm.weight", [config.HiddenSize]);
        _queryNorm = config.QueryKeyNorm ? parameter($"{prefix}self_attn.q_norm.weight", [config.HeadSize]) : null;
        _keyNorm = config.QueryKeyNorm ? parameter($"{prefix}self_attn.k_norm.weight", [config.HeadSize]) : null;
    }

    internal IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>The same layers, those together that one input goes into.</summary>
    internal IReadOnlyList<IReadOnlyList<LinearLayer>> LinearsByInput { get; }

    /// <summary>Whether a backward pass through the block has a gradient to leave in one of its parameters, as they are now.</summary>
    internal bool RequiresGradient => Parameters.Any(parameter => parameter is { requires_grad: true });

    /// <param name="x">(B, T, D).</param>
    /// <param name="cosine">(T, head/2).</param>
    /// <param name="sine">(T, head/2).</param>
    /// <returns>(B, T, D), of the caller's scope.</returns>
    internal Tensor Call(Tensor x, Tensor cosine, Tensor sine)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = x.Plus(Attention(RmsNorm.Call(x, _inputNorm, _config.NormEpsilon), cosine, sine));
        return attended.Plus(Mlp(RmsNorm.Call(attended, _postAttentionNorm, _config.NormEpsilon))).MoveToOuterDisposeScope();
    }

    private IEnumerable<Tensor?> Parameters =>
        [.. Linears.SelectMany(layer => new[] { layer.Weight, layer.Bias }), _inputNorm, _postAttentionNorm, _queryNorm, _keyNorm];

    // Scopes of their own free what no gradient needs before the next part of the block runs.
    private Tensor Attention(Tensor x, Tensor cosine, Tensor sine)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = x.size(0), tokens = x.size(1);
        Tensor query = Heads(_query.Call(x), _config.HeadCount, _queryNorm);            // (B, T, H, hs)
        Tensor key = Heads(_key.Call(x), _config.KeyValueHeadCount, _keyNorm);          // (B, T, KV, hs)
        Tensor value = Heads(_value.Call(x), _config.KeyValueHeadCount, null);          // (B, T, KV, hs)
        query = RotaryEmbedding.Apply(query, cosine, sine);
        key = Repeat(RotaryEmbedding.Apply(key, cosine, sine));                         // (B, T, H, hs)
        Tensor mixed = CausalAttention.Call(query, key, Repeat(value), _window);         // (B, T, H, hs)
        Tensor joined = mixed.reshape(batch, tokens, _config.HeadCount * _config.HeadSize);
        return _output.Call(joined).MoveToOuterDisposeScope();                          // (B, T, D)
    }

    private Tensor Mlp(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor expanded = nn.functional.silu(_gate.Call(x)) * _up.Call(x);              // (B, T, F)
        return _down.Call(expanded).MoveToOuterDisposeScope();                          // (B, T, D)
    }

    private Tensor Heads(Tensor x, int heads, Tensor? norm)
    {
        Tensor split = x.view(x.size(0), x.size(1), heads, _config.HeadSize);           // (B, T, H, hs)
        return norm is null ? split : RmsNorm.Call(split, norm, _config.NormEpsilon);
    }

    // Key-value head k serves the query heads k * repeats to (k + 1) * repeats - 1.
    private Tensor Repeat(Tensor x)
    {
        int repeats = _config.HeadCount / _config.KeyValueHeadCount;
        if (repeats == 1) return x;
        long[] shape = [x.size(0), x.size(1), x.size(2), repeats, x.size(3)];
        return x.unsqueeze(3).expand(shape).reshape(shape[0], shape[1], shape[2] * repeats, shape[4]);   // (B, T, H, hs)
    }
}
