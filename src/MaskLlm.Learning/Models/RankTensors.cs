using MaskLlm.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Tensors of all ranks in one, in the order of the ranks and thus the same bits in each.</summary>
internal static class RankTensors
{
    // Of float32 values: bytes stay below 2^31.
    private const long MostAtOnce = 1 << 28;

    /// <summary>Makes a tensor the sum of all ranks' own. All ranks call it.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="tensor">Contiguous float32 on the CPU.</param>
    internal static void SumInPlace(Ranks ranks, Tensor tensor)
    {
        if (ranks.Size == 1) return;
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = tensor.view(-1);
        for (long at = 0; at < flat.NumberOfElements; at += MostAtOnce)
            SumSome(ranks, flat.narrow(0, at, Math.Min(MostAtOnce, flat.NumberOfElements - at)));
    }

    /// <summary>Makes a tensor that of one rank. All ranks call it.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="tensor">Contiguous, on the CPU, of one shape and type in all ranks.</param>
    /// <param name="from">Whose it becomes.</param>
    internal static unsafe void Broadcast(Ranks ranks, Tensor tensor, int from = 0)
    {
        if (ranks.Size > 1) ranks.Broadcast(TensorBytes.Address(tensor), tensor.NumberOfElements * tensor.ElementSize, from);
    }

    /// <summary>The sum over all ranks of this rank's stretch, in float32. All ranks call it.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="all">Contiguous float32 or bfloat16 on the CPU.</param>
    /// <param name="starts">Where that of each rank begins, in values, and the end of the last.</param>
    /// <returns>(1, own), of the caller's scope.</returns>
    internal static unsafe Tensor SumOfStretch(Ranks ranks, Tensor all, IReadOnlyList<long> starts)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor received = empty([ranks.Size, starts[ranks.Rank + 1] - starts[ranks.Rank]], all.dtype);
        ranks.Scatter(TensorBytes.Address(all), [.. starts.Select(start => start * all.ElementSize)], TensorBytes.Address(received));
        Tensor sum = received.narrow(0, 0, 1).to(ScalarType.Float32, copy: true);
        for (int rank = 1; rank < ranks.Size; rank++) sum.PlusInPlace(received.narrow(0, rank, 1));
        return sum.MoveToOuterDisposeScope();
    }

    private static unsafe void SumSome(Ranks ranks, Tensor part)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] starts = [.. Enumerable.Range(0, ranks.Size + 1).Select(rank => part.NumberOfElements * rank / ranks.Size)];
        Tensor sum = SumOfStretch(ranks, part, starts);
        part.narrow(0, starts[ranks.Rank], sum.NumberOfElements).copy_(sum.view(-1));
        ranks.ShareStretches(TensorBytes.Address(part), [.. starts.Select(start => start * sizeof(float))]);
    }
}
