using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>The experts of a block and their router: an expert multiplies the tokens that reach it and no others.</summary>
internal sealed class ExpertLayers
{
    private readonly ExpertsConfig _config;
    private readonly Tensor _router;
    private readonly Tensor? _routerBias, _correction;
    private readonly IReadOnlyList<MlpLayers> _experts;

    /// <param name="plan">Names and choice.</param>
    /// <param name="experts">One MLP each.</param>
    /// <param name="hidden">D.</param>
    /// <param name="parameter">Gives the parameter of a name and shape.</param>
    internal ExpertLayers(ExpertsPlan plan, IReadOnlyList<MlpLayers> experts, int hidden, Func<string, long[], Tensor> parameter)
    {
        (_config, _experts) = (plan.Config, experts);
        _router = parameter(plan.Router, [plan.Config.Count, hidden]);
        _routerBias = plan.RouterBias is { } bias ? parameter(bias, [plan.Config.Count]) : null;
        _correction = plan.Correction is { } correction ? parameter(correction, [plan.Config.Count]) : null;
    }

    /// <summary>Router, its bias and correction.</summary>
    internal IEnumerable<Tensor?> Parameters => [_router, _routerBias, _correction];

    /// <summary>Told the experts of each token of every call, (N, k) row by row.</summary>
    internal Action<long[]>? Observe { get; set; }

    /// <summary>The MLPs.</summary>
    internal IReadOnlyList<MlpLayers> Mlps => _experts;

    /// <param name="x">(..., D).</param>
    /// <returns>(..., D), of the caller's scope.</returns>
    internal Tensor Call(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = x.reshape(-1, x.size(-1));                                        // (N, D)
        Routing routing = Route(flat);
        Observe?.Invoke(routing.Chosen);
        int[] reached = [.. Enumerable.Range(0, _config.Count).Where(expert => routing.Counts[expert] > 0)];
        Tensor[] inputs = flat.index_select(0, routing.Tokens).split([.. reached.Select(expert => (long)routing.Counts[expert])], 0);
        Tensor[] outputs = [.. Call(reached.Zip(inputs))];
        Tensor weighted = cat(outputs, 0) * routing.Weights.unsqueeze(1);               // (pairs, D)
        return zeros_like(flat).PlusRows(routing.Tokens, weighted).reshape(x.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Runs experts on tokens of the caller's choice, for those who look at what goes into their layers.</summary>
    /// <param name="x">(..., D).</param>
    /// <param name="tokens">(n) int64 by expert: of the flattened tokens; null for all.</param>
    internal void Run(Tensor x, IReadOnlyDictionary<int, Tensor?> tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = x.reshape(-1, x.size(-1));
        foreach (Tensor output in Call(tokens.Select(expert =>
            (expert.Key, expert.Value is { } some ? flat.index_select(0, some) : flat)))) output.Dispose();
    }

    /// <summary>Which experts tokens go through; of the caller's scope.</summary>
    /// <param name="x">(..., D).</param>
    internal Routing Route(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = x.reshape(-1, x.size(-1));
        Routing routing = Routing.Of(_config, nn.functional.linear(flat, _router.to(flat.dtype), _routerBias?.to(flat.dtype)), _correction);
        routing.Tokens.MoveToOuterDisposeScope();
        routing.Weights.MoveToOuterDisposeScope();
        return routing;
    }

    // Layers that several experts share are taken apart once.
    private IEnumerable<Tensor> Call(IEnumerable<(int Expert, Tensor Input)> inputs)
    {
        Dictionary<LinearLayer, Tensor[]> matrices = [];
        foreach ((int expert, Tensor input) in inputs)
        {
            MlpLayers mlp = _experts[expert];
            // Here, as what is made inside the MLP ends with it.
            foreach (LinearLayer layer in mlp.Inputs.Append(mlp.Down))
                if (!matrices.ContainsKey(layer)) matrices.Add(layer, layer.Matrices());
            yield return mlp.Call(input, layer => matrices[layer][mlp.Part]);
        }
    }
}
