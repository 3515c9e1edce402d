using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Token ids as the tensors of a training step.</summary>
internal static class TokenBatch
{
    /// <summary>Inputs and the tokens after them, each (B, T) int64, of the caller's scope.</summary>
    /// <param name="ids">B rows of T + 1 ids.</param>
    /// <param name="rows">B.</param>
    /// <param name="device">Where the tensors go.</param>
    internal static (Tensor Inputs, Tensor Targets) Split(ReadOnlySpan<int> ids, int rows, Device device)
    {
        int width = ids.Length / rows;
        Tensor all = empty(rows, width, dtype: ScalarType.Int64);
        Span<long> values = TensorBytes.Longs(all);
        for (int i = 0; i < values.Length; i++) values[i] = ids[i];
        Tensor moved = all.to(device);
        return (moved.narrow(1, 0, width - 1), moved.narrow(1, 1, width - 1));
    }
}
