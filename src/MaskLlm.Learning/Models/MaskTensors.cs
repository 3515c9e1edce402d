using MaskLlm.Masks;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Masks as tensors and back.</summary>
internal static class MaskTensors
{
    /// <summary>A tensor (rows, columns) of 0 and 1, owned by the caller.</summary>
    internal static Tensor ToTensor(Mask mask, Device device, ScalarType type = ScalarType.Float32)
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor bytes = empty(mask.Rows, mask.Columns, dtype: ScalarType.Byte);
        mask.CopyTo(bytes.bytes);
        return bytes.to(type).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>The mask of a (rows, columns) tensor whose values are 0 and 1.</summary>
    internal static Mask FromTensor(Tensor zeroOne)
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor bytes = zeroOne.to(ScalarType.Byte).cpu().contiguous();
        return Mask.FromBytes((int)bytes.size(0), (int)bytes.size(1), bytes.bytes);
    }
}
