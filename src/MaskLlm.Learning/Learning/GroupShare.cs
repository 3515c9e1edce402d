using MaskLlm.Distributed;
using MaskLlm.MaskKernels;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// Which groups of a layer each rank owns: whole tiles, so that noise and rounding are those of one process, and as even as they come;
/// what is left over goes from rank to rank with the layers. What a rank has of a tensor is one row of a weight's values, or a stretch of
/// every row of one that has a value a group.
/// </summary>
internal sealed class GroupShare
{
    private readonly Ranks _ranks;
    private readonly int _groupSize;
    private readonly long[] _starts;

    /// <param name="ranks">The owners.</param>
    /// <param name="groups">G.</param>
    /// <param name="groupSize">M.</param>
    /// <param name="layer">Its place among the learned layers.</param>
    internal GroupShare(Ranks ranks, long groups, int groupSize, int layer)
    {
        (_ranks, _groupSize) = (ranks, groupSize);
        long tiles = MaskTile.CountOf(groups);
        _starts = [.. Enumerable.Range(0, ranks.Size + 1)
            .Select(rank => Math.Min(groups, (tiles * rank + layer % ranks.Size) / ranks.Size * MaskTile.Size))];
    }

    /// <summary>Whether one process owns all.</summary>
    internal bool IsWhole => _ranks.Size == 1;

    /// <summary>The first group that this rank owns.</summary>
    internal long First => _starts[_ranks.Rank];

    /// <summary>How many it owns.</summary>
    internal long Count => _starts[_ranks.Rank + 1] - First;

    /// <summary>G.</summary>
    internal long Groups => _starts[^1];

    /// <summary>This rank's part of a weight's values: (O, I) to a view (1, M Count), of the caller's scope; the tensor itself where all is
    /// owned.</summary>
    internal Tensor OfWeight(Tensor whole) =>
        IsWhole ? whole : whole.view(-1).narrow(0, First * _groupSize, Count * _groupSize).view(1, -1);

    /// <summary>This rank's part of a tensor of a value a group: (R, G) to (R, Count), of the caller's scope.</summary>
    internal Tensor OfGroups(Tensor whole) => IsWhole ? whole : whole.narrow(1, First, Count).contiguous();

    /// <summary>Fills the other ranks' parts of a weight's values, each rank's own being in place.</summary>
    internal unsafe void Complete(Tensor whole)
    {
        if (!IsWhole) _ranks.ShareStretches(TensorBytes.Address(whole), Starts(_groupSize * whole.ElementSize));
    }

    /// <summary>All of a weight's values of which each rank has its part; of the caller's scope.</summary>
    /// <param name="own">(1, M Count), of any type.</param>
    /// <param name="like">Of the wanted shape.</param>
    internal Tensor Whole(Tensor own, Tensor like)
    {
        using DisposeScope scope = NewDisposeScope();
        if (IsWhole) return own.alias().MoveToOuterDisposeScope();
        Tensor whole = empty(like.shape, own.dtype);
        OfWeight(whole).copy_(own);
        Complete(whole);
        return whole.MoveToOuterDisposeScope();
    }

    /// <summary>The sum over all ranks of this rank's part, in float32 and in the order of ranks; of the caller's scope.</summary>
    /// <param name="whole">(O, I) float32 or bfloat16, of this rank.</param>
    internal Tensor Sum(Tensor whole)
    {
        using DisposeScope scope = NewDisposeScope();
        return RankTensors.SumOfStretch(_ranks, whole.contiguous(), Starts(_groupSize)).MoveToOuterDisposeScope();
    }

    /// <summary>How a checkpoint has a tensor of which this rank holds a part.</summary>
    /// <param name="part">Name and (R, ...) own values.</param>
    /// <param name="ofWeights">Whether there is a value a weight, and not one a group or tile.</param>
    /// <param name="weight">(O, I).</param>
    internal StateTensor State((string Name, Tensor Value) part, bool ofWeights, Tensor weight)
    {
        if (IsWhole) return new StateTensor(part.Name, part.Value, part.Value.shape, null);
        bool ofTiles = part.Name.EndsWith("_scales", StringComparison.Ordinal);
        long each = ofWeights ? _groupSize : 1;
        long[] starts = [.. _starts.Select(start => ofTiles ? MaskTile.CountOf(start * each) : start * each)];
        return new StateTensor(part.Name, part.Value, ofWeights && !ofTiles ? weight.shape : [part.Value.size(0), starts[^1]], starts);
    }

    /// <exception cref="NotSupportedException">The layer is larger than what ranks pass at once.</exception>
    internal void RequirePassable(string layer, int bytesOfValue)
    {
        if (!IsWhole && Groups * _groupSize * bytesOfValue > int.MaxValue)
            throw new NotSupportedException(FormattableString.Invariant(
                $"{layer}: {Groups * _groupSize * bytesOfValue} bytes in one tensor, and ranks pass {int.MaxValue} at most; `Skip` it, or ")
                + "take `Precision` bfloat16.");
    }

    private long[] Starts(long bytes) => [.. _starts.Select(start => start * bytes)];
}
