using MaskLlm.Distributed;
using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// A linear layer while its mask is learned: its frozen weight, and the leaf of the autograd graph that stands in for it while the
/// model runs.
/// </summary>
internal sealed class LearnedLayer : IDisposable
{
    private readonly LinearLayer _layer;
    private readonly GroupShare _share;
    private readonly ScalarType _compute;
    private readonly bool _keepsGradientMemory;
    // (parts) of 0 and 1, on the CPU; null where every token goes through the layer.
    private readonly Tensor? _reached;
    private readonly Tensor? _own;
    private Tensor? _gradient, _summed, _lastChoice;
    private WeightLoan? _leaf;
    private bool _hasGradient;
    private bool[]? _reachedNow;

    /// <param name="layer">The layer whose weight is learned.</param>
    /// <param name="index">Its place among the learned layers.</param>
    /// <param name="compute">Type of the activations.</param>
    /// <param name="logits">Owned from now on.</param>
    /// <param name="keepsGradientMemory">
    /// The gradient has a place of its own for good and is copied there. For blocks that run one at a time: taken as autograd
    /// makes it, it would lie between their activations and tear the heap.
    /// </param>
    /// <param name="rewardScale">Multiplies lambda in this layer.</param>
    /// <param name="isOfExperts">Whether a step may reach none of it, or a part.</param>
    /// <param name="share">The groups that the logits are of; null for all.</param>
    internal LearnedLayer(LinearLayer layer, int index, ScalarType compute, MaskLogits logits, bool keepsGradientMemory = false,
        float rewardScale = 1, bool isOfExperts = false, GroupShare? share = null)
    {
        _share = share ?? new GroupShare(Ranks.Alone, logits.Groups, groupSize: 1, index);
        // Among ranks the gradient of all is there until it is summed, and then a part of it.
        (_layer, Index, _compute, Logits, _keepsGradientMemory) = (layer, index, compute, logits, keepsGradientMemory && _share.IsWhole);
        if (!_share.IsWhole) _own = _share.OfWeight(layer.Weight).DetachFromDisposeScope();
        Dense = layer.Weight;
        RewardScale = rewardScale;
        _reached = isOfExperts ? zeros(layer.Parts, ScalarType.Byte).DetachFromDisposeScope() : null;
        if (_keepsGradientMemory) _gradient = empty(Dense.shape, compute, Dense.device).DetachFromDisposeScope();
    }

    /// <summary>Its place among the learned layers: part of the random counter.</summary>
    internal int Index { get; }

    /// <summary>The model's own weight, (O, I) float32 or bfloat16, never changed.</summary>
    internal Tensor Dense { get; }

    /// <summary>What is multiplied by the mask, of the groups that are owned: the dense weight, or the copy that is trained.</summary>
    internal Tensor Weight => Trained?.Value ?? _own ?? Dense;

    /// <summary>Which groups this process owns.</summary>
    internal GroupShare Share => _share;

    /// <summary>Whether a step may reach none of it, or a part.</summary>
    internal bool IsOfExperts => _reached is not null;

    /// <summary>Null where weights are frozen; owned.</summary>
    internal TrainedWeight? Trained { get; init; }

    internal MaskLogits Logits { get; }

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<StateTensor> State =>
    [
        .. Logits.State.Select(part => _share.State(part, ofWeights: false, Dense)),
        .. Trained?.State.Select(part => _share.State(part, ofWeights: true, Dense)) ?? [],
        .. _reached is null ? [] : new[] { new StateTensor(Logits.Name + ".reached", _reached, _reached.shape, null) },
    ];

    /// <summary>Groups that no token has reached in any step.</summary>
    internal long UnreachedGroups => _reached is null ? 0
        : _share.Groups / _layer.Parts * (_layer.Parts - _reached.sum(ScalarType.Int64).item<long>());

    /// <summary>Multiplies lambda in this layer.</summary>
    internal float RewardScale { get; }

    /// <summary>Whether the runs since then had one: an expert that no token reached has none.</summary>
    internal bool HasGradient => _hasGradient;

    /// <summary>dL/d(W * mask) of the runs since the last <see cref="DropGradient"/>, (O, I) in the type of the activations; among ranks
    /// their sum once it is taken, of the groups that are owned, in float32.</summary>
    internal Tensor Gradient => _hasGradient ? _summed ?? _gradient!
        : throw new InvalidOperationException("no run of the model has closed the leaf yet.");

    /// <summary>Puts a new leaf in the place of the weight.</summary>
    /// <returns>Its memory, to be filled with W * mask.</returns>
    internal Tensor OpenLeaf()
    {
        Tensor leaf = empty(Dense.shape, _compute, Dense.device).DetachFromDisposeScope();
        leaf.requires_grad = true;
        _leaf = _layer.Lend(leaf, isOwned: true);
        return leaf;
    }

    /// <summary>Frees the leaf, adds its gradient to what is there, and puts the dense weight back.</summary>
    internal void CloseLeaf()
    {
        if (_leaf?.Weight.grad is { } gradient) TakeGradient(gradient);
        _leaf?.Dispose();
        _leaf = null;
    }

    /// <summary>Takes the sum over all ranks of this process's part of the gradient, and frees the rest. All ranks call it.</summary>
    internal void SumGradient()
    {
        if (_share.IsWhole) return;
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _summed = _share.Sum(_gradient ?? zeros(Dense.shape, _compute)).DetachFromDisposeScope();
        _gradient?.Dispose();
        _gradient = null;
        _hasGradient = true;
    }

    /// <summary>Which experts this rank's tokens reached, 0 or 1 each.</summary>
    internal double[] ReachedHere() => !_hasGradient ? new double[_layer.Parts]
        : [.. ReachedBy(_gradient!).Select(reached => reached ? 1.0 : 0)];

    /// <summary>Which experts all ranks' tokens reached; the gradient is summed where there are any. All ranks call it.</summary>
    internal void SumReached(ReadOnlySpan<double> reached)
    {
        _reachedNow = [.. reached.ToArray().Select(count => count > 0)];
        if (_reachedNow.Contains(true)) SumGradient();
    }

    /// <summary>Of each matrix whether this step's tokens, those of all ranks, reached it; null where they reached all.</summary>
    internal bool[]? Reached { get; private set; }

    /// <summary>Notes which experts this step's tokens reached.</summary>
    internal void NoteReached()
    {
        if (_reached is null) return;
        bool[] reached = _reachedNow ?? ReachedBy(Gradient);
        Span<byte> ever = TensorBytes.Bytes(_reached);
        for (int part = 0; part < reached.Length; part++)
            if (reached[part]) ever[part] = 1;
        Reached = reached.All(one => one) ? null : reached;
    }

    /// <summary>Makes 0 what belongs to experts that this step did not reach.</summary>
    /// <param name="byGroup">(..., G).</param>
    internal void ClearUnreached(Tensor byGroup)
    {
        foreach ((long first, long groups) in Unreached())
        {
            using Tensor place = byGroup.narrow(-1, first, groups);
            place.zero_();
        }
    }

    /// <summary>Puts logits and moments of experts that this step did not reach back when the result is disposed.</summary>
    /// <param name="skipsTiles">Whether the update leaves alone tiles that are theirs altogether.</param>
    internal IDisposable? KeepUnreached(bool skipsTiles)
    {
        if (Reached is null || Logits.Logits.size(0) == 0 || (skipsTiles && _share.Groups / _layer.Parts % MaskTile.Size == 0)) return null;
        // Moments of 8 bits share scales within a tile.
        AdamWMoments moments = Logits.Moments;
        Tensor[] state = moments.FirstScales is null ? [Logits.Logits, moments.First, moments.Second] : [Logits.Logits];
        return new Kept(state, [.. Unreached()]);
    }

    internal void DropGradient()
    {
        _hasGradient = false;
        Reached = null;
        _reachedNow = null;
        _summed?.Dispose();
        _summed = null;
        if (_keepsGradientMemory) return;
        _gradient?.Dispose();
        _gradient = null;
    }

    /// <summary>The N largest weights of each owned group as 1 and the others as 0, of the weight's shape, float32, of the caller's
    /// scope.</summary>
    internal Tensor LargestWeights(NmPattern pattern)
    {
        using DisposeScope scope = NewDisposeScope();
        if (_share.Count == 0) return Weight.clone().MoveToOuterDisposeScope();
        return LargestOfGroup.Kept(Logits.Name, Weight.abs(), pattern).MoveToOuterDisposeScope();
    }

    /// <summary>Groups whose choice is another one than at the last call.</summary>
    /// <param name="choice">What each group keeps now, (1 or M, G) bytes; owned from now on.</param>
    internal long CountChangedGroups(Tensor choice)
    {
        using DisposeScope scope = NewDisposeScope();
        long changed = _lastChoice is null ? 0 : choice.ne(_lastChoice).any(0).sum().item<long>();
        _lastChoice?.Dispose();
        _lastChoice = choice.DetachFromDisposeScope();
        return changed;
    }

    public void Dispose()
    {
        CloseLeaf();
        _gradient?.Dispose();
        _summed?.Dispose();
        _own?.Dispose();
        Trained?.Dispose();
        _lastChoice?.Dispose();
        _reached?.Dispose();
        Logits.Dispose();
    }

    // Of the groups that are owned.
    private IEnumerable<(long First, long Groups)> Unreached()
    {
        long groups = _share.Groups / _layer.Parts;
        for (int part = 0; part < Reached?.Length; part++)
        {
            long first = Math.Max(_share.First, part * groups), end = Math.Min(_share.First + _share.Count, (part + 1) * groups);
            if (!Reached[part] && first < end) yield return (first - _share.First, end - first);
        }
    }

    private bool[] ReachedBy(Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor now = gradient.view(_layer.Parts, -1).to(ScalarType.Bool).any(1).to(ScalarType.Byte).cpu();
        return [.. TensorBytes.Bytes(now).ToArray().Select(one => one != 0)];
    }

    private void TakeGradient(Tensor gradient)
    {
        using IDisposable noGradient = no_grad();
        if (_gradient is null) _gradient = gradient.DetachFromDisposeScope();
        else
            using (gradient)
                if (_hasGradient) _gradient.PlusInPlace(gradient);
                else _gradient.copy_(gradient);
        _hasGradient = true;
    }

    private sealed class Kept : IDisposable
    {
        private readonly List<(Tensor Place, Tensor Before)> _parts = [];

        internal Kept(Tensor[] state, (long First, long Groups)[] parts)
        {
            foreach (Tensor values in state)
                foreach ((long first, long groups) in parts)
                {
                    Tensor place = values.narrow(1, first, groups).DetachFromDisposeScope();
                    _parts.Add((place, place.clone().DetachFromDisposeScope()));
                }
        }

        public void Dispose()
        {
            foreach ((Tensor place, Tensor before) in _parts)
            {
                place.copy_(before);
                place.Dispose();
                before.Dispose();
            }
        }
    }
}
