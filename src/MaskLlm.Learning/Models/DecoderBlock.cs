using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One block: attention and MLP, each added to what they read; what differs between families is in the plan.</summary>
internal sealed class DecoderBlock
{
    private readonly DecoderConfig _config;
    private readonly LinearSlices? _inputs;
    private readonly LatentHeads? _latents;
    private readonly LinearLayer _output;
    private readonly int _outputGroup;
    private readonly MlpLayers? _mlp;
    private readonly Tensor? _sharedGate, _sinks;
    private readonly Norm? _inputNorm, _attentionNorm, _mlpNorm, _outputNorm, _queryNorm, _keyNorm;
    private readonly int? _window;
    private readonly double _scale;
    private readonly bool _turnsNeighbours;

    /// <param name="config">The decoder.</param>
    /// <param name="index">From 0.</param>
    /// <param name="parameter">Gives the parameter of a name and shape.</param>
    /// <param name="streamed">Where linear weights stay but while they are held; null where they are parameters as others.</param>
    internal DecoderBlock(DecoderConfig config, int index, Func<string, long[], Tensor> parameter, StreamedWeights? streamed = null)
    {
        _config = config;
        (_window, _scale) = (config.SlidingWindow(index), config.AttentionScaleOf(index));
        BlockPlan plan = BlockPlan.Of(config, index);
        _turnsNeighbours = config.RotaryOf(index)?.TurnsNeighbours ?? false;
        LinearsByInput = [.. plan.TensorsByInput.Select(sharing => sharing.Select(Linear).ToList())];
        Linears = [.. LinearsByInput.SelectMany(sharing => sharing)];
        Dictionary<string, LinearLayer> layers = Linears.ToDictionary(layer => layer.Name, StringComparer.Ordinal);
        _outputGroup = plan.OutputGroup;
        _output = LinearsByInput[_outputGroup][0];
        _mlp = plan.Mlp is { } mlp ? new MlpLayers(config, mlp, layers) : null;
        if (plan.Experts is { } experts)
        {
            Experts = new ExpertLayers(experts, [.. experts.Mlps.Select(expert => new MlpLayers(config, expert, layers))],
                config.HiddenSize, parameter);
            _sharedGate = experts.SharedGate is { } gate ? parameter(gate, [1, config.HiddenSize]) : null;
        }
        Groups = [.. LinearsByInput.Select((sharing, group) => GroupOf(sharing, group))];
        _sinks = plan.Sinks is { } sinks ? parameter(sinks, [config.HeadCount]) : null;
        (_inputNorm, _attentionNorm) = (NormOf(plan.InputNorm), NormOf(plan.AttentionNorm));
        _mlpNorm = plan.MlpNorm == plan.InputNorm ? _inputNorm : NormOf(plan.MlpNorm);
        _outputNorm = NormOf(plan.OutputNorm);
        (_queryNorm, _keyNorm) = (NormOf(plan.QueryNorm), NormOf(plan.KeyNorm));
        if (plan.Latent is null) _inputs = new LinearSlices(LinearsByInput[0], 0, plan.Query, plan.Key, plan.Value);
        else _latents = new LatentHeads(config, plan, LinearsByInput, norm => NormOf(norm)!);

        LinearLayer Linear(LinearTensor tensor)
        {
            Tensor? weight = streamed is null ? parameter(tensor.Name, [tensor.Rows, tensor.Columns]) : null;
            Tensor? bias = tensor.Bias is { } name ? parameter(name, [.. tensor.BiasShape.Select(size => (long)size)]) : null;
            return weight is null ? streamed!.Layer(tensor, bias) : new LinearLayer(tensor, weight, bias);
        }

        Norm? NormOf(NormTensors? norm) => norm is null ? null : new Norm(config, norm, parameter);
    }

    internal IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>The same layers, those together that one input goes into.</summary>
    internal IReadOnlyList<IReadOnlyList<LinearLayer>> LinearsByInput { get; }

    /// <summary>The same with the experts that they are of.</summary>
    internal IReadOnlyList<InputGroup> Groups { get; }

    /// <summary>Null in a dense block.</summary>
    internal ExpertLayers? Experts { get; }

    /// <summary>Whether a backward pass through the block has a gradient to leave in one of its parameters, as they are now.</summary>
    internal bool RequiresGradient => Parameters.Any(parameter => parameter is { requires_grad: true });

    /// <param name="x">(B, T, D).</param>
    /// <param name="cosine">(T, turned/2); null where nothing is turned.</param>
    /// <param name="sine">(T, turned/2); the same.</param>
    /// <param name="branches">Where a row has several endings; null where it is one text.</param>
    /// <returns>(B, T, D), of the caller's scope.</returns>
    internal Tensor Call(Tensor x, Tensor? cosine, Tensor? sine, TextBranches? branches = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = Attended(x, cosine, sine, branches);
        Tensor mlp = After(_outputNorm, Transformed(Before(_mlpNorm, _config.IsParallel ? x : attended)));
        return attended.Plus(mlp).MoveToOuterDisposeScope();
    }

    /// <summary>What goes into the layers of <see cref="LinearsByInput"/>; of the block no more is computed than that takes.</summary>
    /// <param name="group">Their index there.</param>
    /// <param name="x">(B, T, D).</param>
    /// <param name="cosine">(T, turned/2); null where nothing is turned.</param>
    /// <param name="sine">(T, turned/2); the same.</param>
    /// <returns>(B, T, I), of the caller's scope.</returns>
    internal Tensor InputOf(int group, Tensor x, Tensor? cosine, Tensor? sine)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = group <= _outputGroup ? Before(_inputNorm, x)
            : Before(_mlpNorm, _config.IsParallel ? x : Attended(x, cosine, sine, null));
        Tensor read = group == _outputGroup ? Mixed(input, cosine, sine, null)
            : IsDown(group) ? _mlp!.Expanded(input)
            : 0 < group && group < _outputGroup ? _latents!.InputOf(group, input)
            : input;
        return (read.Handle == x.Handle ? read.alias() : read).MoveToOuterDisposeScope();
    }

    /// <summary>What MLP and experts read.</summary>
    /// <param name="x">(B, T, D).</param>
    /// <param name="cosine">(T, turned/2); null where nothing is turned.</param>
    /// <param name="sine">(T, turned/2); the same.</param>
    /// <returns>(B, T, D), of the caller's scope.</returns>
    internal Tensor MlpInput(Tensor x, Tensor? cosine, Tensor? sine)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = Before(_mlpNorm, _config.IsParallel ? x : Attended(x, cosine, sine, null));
        return (input.Handle == x.Handle ? input.alias() : input).MoveToOuterDisposeScope();
    }

    // Of the MLP that every token goes through: behind the output of attention, gate and up.
    private bool IsDown(int group) => group == _outputGroup + 2;

    // Groups of experts come after those of every token; of an expert, or of all where they share tensors, down after gate and up.
    private InputGroup GroupOf(IReadOnlyList<LinearLayer> sharing, int group)
    {
        MlpLayers[] own = [.. (Experts?.Mlps ?? []).Where(mlp => mlp.Down == sharing[0] || mlp.Inputs.Contains(sharing[0]))];
        return own.Length == 0 ? new(sharing, [null], IsDown(group))
            : new(sharing, [.. own.Select(mlp => (int?)Experts!.Mlps.ToList().IndexOf(mlp))], own[0].Down == sharing[0]);
    }

    private Tensor Attended(Tensor x, Tensor? cosine, Tensor? sine, TextBranches? branches) =>
        x.Plus(After(_attentionNorm, Attention(Before(_inputNorm, x), cosine, sine, branches)));

    private IEnumerable<Tensor?> Parameters =>
    [
        .. Linears.SelectMany(layer => new[] { layer.Weight, layer.Bias }), .. Experts?.Parameters ?? [], _sharedGate, _sinks,
        .. new[] { _inputNorm, _attentionNorm, _mlpNorm, _outputNorm, _queryNorm, _keyNorm }.OfType<Norm>().Distinct()
            .SelectMany(norm => norm.Parameters),
        .. _latents?.Parameters ?? [],
    ];

    private static Tensor Before(Norm? norm, Tensor x) => norm is null ? x : norm.Call(x);

    // What is added to the residual sum.
    private Tensor After(Norm? norm, Tensor x)
    {
        Tensor added = norm is null ? x : norm.Call(x);
        return _config.ResidualMultiplier == 1 ? added : added.Times(_config.ResidualMultiplier);
    }

    // Scopes of their own free what no gradient needs before the next part of the block runs.
    private Tensor Attention(Tensor x, Tensor? cosine, Tensor? sine, TextBranches? branches)
    {
        using DisposeScope scope = NewDisposeScope();
        return _output.Call(Mixed(x, cosine, sine, branches)).MoveToOuterDisposeScope();          // (B, T, D)
    }

    private Tensor Mixed(Tensor x, Tensor? cosine, Tensor? sine, TextBranches? branches)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor query, Tensor key, Tensor value) = _latents?.Call(x, cosine!, sine!) ?? Projected(x, cosine, sine);
        Tensor mixed = CausalAttention.Call(
            query, key, value, _window, _scale, _config.AttentionSoftCap, branches, _config.HasAlibi, _sinks);      // (B, T, H, vs)
        return mixed.flatten(2).MoveToOuterDisposeScope();
    }

    private (Tensor Query, Tensor Key, Tensor Value) Projected(Tensor x, Tensor? cosine, Tensor? sine)
    {
        Tensor[] inputs = _inputs!.Call(x);
        Tensor query = Heads(inputs[0], _config.HeadCount, _queryNorm);                  // (B, T, H, hs)
        Tensor key = Heads(inputs[1], _config.KeyValueHeadCount, _keyNorm);              // (B, T, KV, hs)
        Tensor value = Heads(inputs[2], _config.KeyValueHeadCount, null);                // (B, T, KV, hs)
        if (cosine is not null)
        {
            query = RotaryEmbedding.Apply(query, cosine, sine!, _turnsNeighbours);
            key = RotaryEmbedding.Apply(key, cosine, sine!, _turnsNeighbours);
        }
        return (query, Repeat(key), Repeat(value));                                     // each (B, T, H, hs)
    }

    // What every token goes through, and what its experts give beside it.
    private Tensor Transformed(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? every = _mlp?.Call(x);                                                  // (B, T, D)
        if (Experts is null) return every!.MoveToOuterDisposeScope();
        if (_sharedGate is not null) every = every! * nn.functional.linear(x, _sharedGate.to(x.dtype)).sigmoid();
        Tensor routed = Experts.Call(x);
        return (every is null ? routed : routed.Plus(every)).MoveToOuterDisposeScope();
    }

    private Tensor Heads(Tensor x, int heads, Norm? norm)
    {
        bool isWhole = norm is not null && _config.QueryKeyNorm == QueryKeyNorm.Whole;
        if (isWhole) x = norm!.Call(x);
        Tensor split = x.reshape(x.size(0), x.size(1), heads, _config.HeadSize);        // (B, T, H, hs)
        return norm is null || isWhole ? split : norm.Call(split);
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
