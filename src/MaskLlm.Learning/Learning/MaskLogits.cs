using MaskLlm.Distributed;
using MaskLlm.MaskKernels;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>What is learned for one linear layer: the logits of every group's candidates, and AdamW's moments of them.</summary>
internal sealed class MaskLogits : IDisposable
{
    private readonly int _rows, _columns;
    private readonly GroupShare _share;
    private readonly NmPattern _pattern;
    private readonly CandidateTensor? _table;
    private readonly Mask? _frozen;

    private MaskLogits(LinearLayer layer, Tensor logits, CandidateTensor? table, LearnOptions options, GroupShare share)
    {
        Name = layer.Name;
        _share = share;
        (_pattern, _table) = (options.Pattern, table);
        (_rows, _columns) = share.IsWhole ? (layer.Rows, layer.Columns)
            : (1, checked((int)(share.Count * options.Pattern.GroupSize)));
        Logits = logits.DetachFromDisposeScope();
        Moments = new AdamWMoments(Logits, options.Moments, logits.size(0));
        if (options.AverageDecay > 0) Average = logits.clone().DetachFromDisposeScope();
    }

    // No logits and no moments: as many groups, each with nothing to learn.
    private MaskLogits(LinearLayer layer, Mask frozen, LearnOptions options, GroupShare share)
        : this(layer, zeros(0, share.Count), null, options with { Moments = MomentType.Float32, AverageDecay = 0 }, share) =>
        _frozen = frozen;

    /// <summary>The checkpoint's name of the weight.</summary>
    internal string Name { get; }

    /// <summary>p, (C, G) float32; (M, G) of items.</summary>
    internal Tensor Logits { get; }

    /// <summary>The moving average of the logits, from which the mask is taken; null where the logits themselves are.</summary>
    internal Tensor? Average { get; }

    /// <summary>AdamW's, (C, G).</summary>
    internal AdamWMoments Moments { get; }

    /// <summary>Groups that are owned, G.</summary>
    internal long Groups => Logits.size(1);

    /// <exception cref="InvalidDataException">A logit that masks are taken from is NaN or infinite.</exception>
    internal void RequireFinite()
    {
        using DisposeScope scope = NewDisposeScope();
        if (_frozen is null && Groups > 0) FiniteTensors.RequireScores(Name, Average ?? Logits);
    }

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> State
    {
        get
        {
            if (_frozen is not null) yield break;
            yield return (Name + ".logits", Logits);
            if (Average is not null) yield return (Name + ".average", Average);
            foreach ((string name, Tensor value) in Moments.State(Name + ".")) yield return (name, value);
        }
    }

    /// <summary>A mask that stays.</summary>
    internal static MaskLogits Freeze(LinearLayer layer, LearnOptions options, Mask mask, GroupShare? share = null)
    {
        using DisposeScope scope = NewDisposeScope();
        return new MaskLogits(layer, mask, options, share ?? WholeOf(layer, options));
    }

    /// <summary>N(0, sigma^2) logits, shifted towards a prior where there is one; or the shift alone.</summary>
    /// <param name="layer">The layer whose weight is masked.</param>
    /// <param name="index">Its place among the learned layers: part of the random counter.</param>
    /// <param name="table">The candidates; null for logits of items.</param>
    /// <param name="options">Seed, sigma, alpha, whether there is a random part.</param>
    /// <param name="prior">M0, or null.</param>
    /// <param name="inputSquares">(I) float32, of several matrices (parts, I), of calibration; null where scores play no part.</param>
    /// <param name="share">The groups that are owned; null for all. Of all they are made, and those are kept.</param>
    internal static MaskLogits Create(LinearLayer layer, int index, CandidateTensor? table, LearnOptions options, Mask? prior,
        Tensor? inputSquares = null, GroupShare? share = null)
    {
        using DisposeScope scope = NewDisposeScope();
        int groups = checked((int)((long)layer.Rows * layer.Columns / options.Pattern.GroupSize)), each = options.LogitsAGroup;
        Tensor logits = prior is not null && options.ExactPrior
            ? zeros(each, groups, device: layer.Weight.device)
            : MaskNoise.Normal(options.Seed, index, each, groups).TimesInPlace(options.InitialStd).to(layer.Weight.device);
        double shift = prior is null ? 0
            : options.PriorStrength * (options.ExactPrior ? options.InitialStd : logits.std().item<float>());
        Tensor? squares = options.ScoreStrength > 0 ? layer.ByRow(inputSquares!) : null;
        foreach ((int first, int count) in RowStretches.Of(layer.Rows, layer.Columns))
        {
            using DisposeScope stretch = NewDisposeScope();
            Tensor some = logits.narrow(1, GroupOf(first), GroupOf(count));
            void Shift(Tensor items, double by)
            {
                Tensor groups = CandidateTensor.ToGroups(items, options.Pattern);
                if (table is null) Prior.ShiftItems(some, groups, by);
                else Prior.Shift(some, groups, table, by);
            }
            if (prior is not null) Shift(MaskTensors.ToTensor(prior.RowsFrom(first, count), logits.device), shift);
            if (squares is not null)
                Shift(ActivationScores.OfRow(layer.Name, layer.Weight.narrow(0, first, count).to(ScalarType.Float32),
                    squares.dim() == 1 ? squares : squares.narrow(0, first, count)), options.ScoreStrength * options.InitialStd);
        }
        share ??= WholeOf(layer, options);
        return new MaskLogits(layer, share.OfGroups(logits), table, options, share);

        long GroupOf(int row) => (long)row * layer.Columns / options.Pattern.GroupSize;
    }

    /// <summary>What each group keeps now, (1, G) the index of a candidate or (M, G) 0 and 1; bytes, of the caller's scope.</summary>
    internal Tensor Choice()
    {
        if (_frozen is not null) return zeros(1, Groups, ScalarType.Byte);
        return Choice(Average ?? Logits);
    }

    private Tensor Choice(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor choice = _table is null ? ItemMask.Largest(logits, _pattern.Kept) : logits.argmax(0, keepdim: true);
        return choice.to(ScalarType.Byte).MoveToOuterDisposeScope();
    }

    /// <summary>The mask that stays, of all groups; null where one is learned.</summary>
    internal Mask? Frozen => _frozen;

    /// <summary>The mask that remains when learning ends, of all groups.</summary>
    internal Mask ArgmaxMask()
    {
        if (_frozen is not null) return _frozen;
        return RowStretches.Mask(_rows, _columns, (first, count) =>
        {
            long firstGroup = (long)first * _columns / _pattern.GroupSize, groups = (long)count * _columns / _pattern.GroupSize;
            Tensor choice = Choice((Average ?? Logits).narrow(1, firstGroup, groups));
            return MaskTensors.FromTensor(_table is null
                ? CandidateTensor.FromGroups(choice, count, _columns)
                : _table.Candidates.index_select(0, choice[0].to(ScalarType.Int64)).view(count, _columns));
        });
    }

    /// <summary>The same of the groups that are owned, a tensor (O, I), or (1, M G) of a part; bytes, of the caller's scope.</summary>
    internal Tensor Kept()
    {
        using DisposeScope scope = NewDisposeScope();
        if (_frozen is not null)
            return _share.OfWeight(MaskTensors.ToTensor(_frozen, CPU, ScalarType.Byte)).clone().MoveToOuterDisposeScope();
        Tensor choice = Choice();
        Tensor kept = _table is null ? CandidateTensor.FromGroups(choice, _rows, _columns)
            : _table.Candidates.index_select(0, choice[0].to(ScalarType.Int64)).view(_rows, _columns);
        return kept.to(ScalarType.Byte).MoveToOuterDisposeScope();
    }

    /// <summary>Takes the logits of a step into their average.</summary>
    /// <param name="decay">Of the average so far; less in the first steps, when there is little to average.</param>
    /// <param name="step">Counts from 0.</param>
    internal void TakeAverage(double decay, long step)
    {
        if (Average is null) return;
        using DisposeScope scope = NewDisposeScope();
        Average.lerp_(Logits, tensor((float)(1 - Math.Min(decay, (step + 1.0) / (step + 10.0))), device: Logits.device));
    }

    private static GroupShare WholeOf(LinearLayer layer, LearnOptions options) =>
        new(Ranks.Alone, (long)layer.Rows * layer.Columns / options.Pattern.GroupSize, options.Pattern.GroupSize, layer: 0);

    public void Dispose()
    {
        Logits.Dispose();
        Moments.Dispose();
        Average?.Dispose();
    }
}
