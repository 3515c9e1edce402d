using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Linear tensors between the layout of the checkpoint and (O, I).</summary>
internal static class StoredTensors
{
    /// <summary>As it is here, contiguous, of the caller's scope.</summary>
    /// <param name="layout">Of the file.</param>
    /// <param name="stored">In that layout.</param>
    internal static Tensor Read(StoredLayout layout, Tensor stored)
    {
        if (layout.IsTransposed) stored = stored.transpose(-1, -2).contiguous();
        return layout.Parts == 1 ? stored : stored.reshape(-1, stored.size(-1));
    }

    /// <summary>As the file has it, contiguous, of the caller's scope.</summary>
    /// <param name="layout">Of the file.</param>
    /// <param name="weight">(O, I).</param>
    internal static Tensor Write(StoredLayout layout, Tensor weight)
    {
        Tensor parts = layout.Parts == 1 ? weight : weight.reshape(layout.Parts, -1, weight.size(1));
        return layout.IsTransposed ? parts.transpose(-1, -2).contiguous() : parts;
    }
}
