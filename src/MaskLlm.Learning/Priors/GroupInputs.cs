using MaskLlm.Distributed;
using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>What calibration keeps of the inputs of layers that are pruned and share them: of each matrix where they have
/// several.</summary>
internal sealed class GroupInputs : IDisposable
{
    private readonly InputGroup _group;
    private readonly InputDetail _detail;
    private readonly Device _device;
    private readonly LayerInputs[] _fitted;
    private readonly LayerInputs?[] _heldOut;

    /// <param name="group">The layers' group.</param>
    /// <param name="layers">Those of it that are pruned.</param>
    /// <param name="detail">What is kept.</param>
    /// <param name="device">Where the inputs are.</param>
    /// <param name="holdsOut">Whether some batches are kept apart.</param>
    internal GroupInputs(InputGroup group, IReadOnlyList<LinearLayer> layers, InputDetail detail, Device device, bool holdsOut = false)
    {
        (_group, _detail, _device, Layers) = (group, detail, device, layers);
        _fitted = [.. group.Experts.Select(_ => Empty())];
        _heldOut = [.. group.Experts.Select(_ => holdsOut ? Empty() : null)];
    }

    /// <summary>At least one.</summary>
    internal IReadOnlyList<LinearLayer> Layers { get; }

    /// <summary>Whether every token goes through the layers.</summary>
    internal bool IsOfEveryToken => _group.IsOfEveryToken;

    /// <summary>The experts that the matrices are of.</summary>
    internal IEnumerable<int> Experts => _group.Experts.OfType<int>();

    /// <summary>Of one matrix.</summary>
    internal LayerInputs Fitted(int part) => _fitted[part];

    /// <summary>Of one matrix and the batches kept apart; null where there is nothing.</summary>
    internal LayerInputs? HeldOut(int part) => _heldOut[part] is { Tokens: > 0 } some ? some : null;

    /// <summary>Experts that fewer tokens have reached.</summary>
    internal IEnumerable<int> Below(int tokens) =>
        _group.Experts.Index().Where(part => part.Item is not null && _fitted[part.Index].Tokens < tokens).Select(part => part.Item!.Value);

    /// <summary>Makes this what all ranks have seen. All of them call it.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="experts">Of these alone; null for all there is.</param>
    internal void Sum(Ranks ranks, IReadOnlySet<int>? experts = null)
    {
        for (int part = 0; part < _fitted.Length; part++)
        {
            if (experts is not null && !(_group.Experts[part] is { } expert && experts.Contains(expert))) continue;
            _fitted[part].Sum(ranks);
            _heldOut[part]?.Sum(ranks);
        }
    }

    /// <summary>Forgets what some experts have seen.</summary>
    internal void Forget(IReadOnlySet<int> experts)
    {
        for (int part = 0; part < _fitted.Length; part++)
        {
            if (_group.Experts[part] is not { } expert || !experts.Contains(expert)) continue;
            _fitted[part].Dispose();
            _fitted[part] = Empty();
        }
    }

    /// <summary>Looks at what goes into the layers while something runs.</summary>
    internal void Watch() => Layers[0].Observe = (x, part) => _fitted[part].Add(x);

    /// <summary>Ends that.</summary>
    internal void Leave() => Layers[0].Observe = null;

    public void Dispose()
    {
        foreach (LayerInputs? inputs in _fitted.Concat(_heldOut)) inputs?.Dispose();
    }

    private LayerInputs Empty() => new(Layers[0].Columns, _detail, _device);

    /// <summary>Adds the inputs of both models.</summary>
    /// <param name="part">The matrix.</param>
    /// <param name="x">Of the dense model.</param>
    /// <param name="y">Of the model as it is pruned.</param>
    /// <param name="isHeldOut">Whether they are kept apart.</param>
    internal void Add(int part, Tensor x, Tensor y, bool isHeldOut) => (isHeldOut ? _heldOut[part]! : _fitted[part]).Add(x, y);
}
