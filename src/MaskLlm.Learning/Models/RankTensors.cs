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

    private static unsafe void SumSome(Ranks ranks, Tensor part)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] starts = [.. Enumerable.Range(0, ranks.Size + 1).Select(rank => part.NumberOfElements * rank / ranks.Size)];
        long[] bytes = [.. starts.Select(start => start * sizeof(float))];
        long own = starts[ranks.Rank + 1] - starts[ranks.Rank];
        Tensor received = empty(ranks.Size, own);
        ranks.Scatter(TensorBytes.Address(part), bytes, TensorBytes.Address(received));
        Tensor sum = part.narrow(0, starts[ranks.Rank], own);
        sum.copy_(received.select(0, 0));
        for (int rank = 1; rank < ranks.Size; rank++) sum.PlusInPlace(received.select(0, rank));
        ranks.ShareStretches(TensorBytes.Address(part), bytes);
    }
}
