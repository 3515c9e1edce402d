using MaskLlm.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>A tensor of a run's state, all of it or, among ranks, a stretch of each of its rows.</summary>
/// <param name="Name">In the checkpoint.</param>
/// <param name="Value">What this process has, on the CPU among ranks.</param>
/// <param name="Shape">Of all of it.</param>
/// <param name="Starts">Where the stretch of each rank begins in a row, and a row's length; null: every process has all.</param>
internal sealed record StateTensor(string Name, Tensor Value, long[] Shape, long[]? Starts)
{
    /// <summary>All of it in the first rank, of the caller's scope; null in the others. All ranks call it.</summary>
    internal unsafe Tensor? Gather(Ranks ranks)
    {
        if (Starts is null) return ranks.IsFirst ? Value.alias() : null;
        using DisposeScope scope = NewDisposeScope();
        long rows = Value.size(0), each = Value.ElementSize;
        Tensor own = Value.contiguous();
        long[] starts = [.. Starts.Select(start => start * rows * each)];
        if (!ranks.IsFirst)
        {
            ranks.GatherStretches(TensorBytes.Address(own), null, starts);
            return null;
        }
        Tensor parts = empty([rows * Starts[^1]], Value.dtype), whole = empty([rows, Starts[^1]], Value.dtype);
        ranks.GatherStretches(TensorBytes.Address(own), TensorBytes.Address(parts), starts);
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            long count = Starts[rank + 1] - Starts[rank];
            whole.narrow(1, Starts[rank], count).copy_(parts.narrow(0, rows * Starts[rank], rows * count).view(rows, count));
        }
        return whole.view(Shape).MoveToOuterDisposeScope();
    }

    /// <summary>Takes this process's part of all of it.</summary>
    /// <param name="whole">Of <see cref="Shape"/>.</param>
    /// <param name="rank">Of this process.</param>
    internal void Take(Tensor whole, int rank)
    {
        using DisposeScope scope = NewDisposeScope();
        Value.copy_(Starts is null ? whole
            : whole.view(Value.size(0), -1).narrow(1, Starts[rank], Starts[rank + 1] - Starts[rank]));
    }
}
