using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Token ids as tensors.</summary>
internal static class TokenBatch
{
    /// <summary>(B, T) int64, of the caller's scope.</summary>
    /// <param name="ids">B rows of T ids.</param>
    /// <param name="rows">B.</param>
    /// <param name="device">Where the tensor goes.</param>
    internal static Tensor Of(ReadOnlySpan<int> ids, int rows, Device device)
    {
        Tensor all = empty(rows, ids.Length / rows, dtype: ScalarType.Int64);
        Span<long> values = TensorBytes.Longs(all);
        for (int i = 0; i < values.Length; i++) values[i] = ids[i];
        return all.to(device);
    }

    /// <summary>Inputs and the tokens after them, each (B, T) int64, of the caller's scope.</summary>
    /// <param name="ids">B rows of T + 1 ids.</param>
    /// <param name="rows">B.</param>
    /// <param name="device">Where the tensors go.</param>
    internal static (Tensor Inputs, Tensor Targets) Split(ReadOnlySpan<int> ids, int rows, Device device)
    {
        Tensor all = Of(ids, rows, device);
        long targets = all.size(1) - 1;
        return (all.narrow(1, 0, targets), all.narrow(1, 1, targets));
    }
}
