using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>What goes into every block of the dense model and comes out of the last: what a masked block is compared with.</summary>
/// <param name="Values">(B, T, D) each, one more than blocks, without gradients.</param>
internal sealed record BlockStates(IReadOnlyList<Tensor> Values)
{
    /// <summary>What the last block gives.</summary>
    internal Tensor Last => Values[^1];

    /// <summary>Runs the dense model; of the caller's scope.</summary>
    /// <param name="model">With its dense weights in place.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    internal static BlockStates Of(Decoder model, Tensor inputs)
    {
        using IDisposable noGradient = no_grad();
        List<Tensor> states = [model.Embed(inputs)];
        for (int block = 0; block < model.Blocks.Count; block++) states.Add(model.RunBlock(block, states[block]));
        return new BlockStates(states);
    }

    /// <summary>Parts of a batch in one; of the caller's scope.</summary>
    internal static BlockStates Join(IReadOnlyList<BlockStates> parts) =>
        new([.. Enumerable.Range(0, parts[0].Values.Count).Select(i => cat([.. parts.Select(part => part.Values[i])], 0))]);

    /// <summary>The same of some rows along the first dimension; of the caller's scope.</summary>
    internal BlockStates Narrow(long start, long length) => new([.. Values.Select(state => state.narrow(0, start, length))]);

    /// <summary>Squared error of a block's output over the square of what the dense block adds to its input; both of the caller's
    /// scope.</summary>
    /// <param name="block">Its index.</param>
    /// <param name="output">(B, T, D); its graph is left alone.</param>
    /// <param name="scale">Multiplies the gradient, not the error.</param>
    /// <returns>A float32 scalar, and scale * its gradient by the output.</returns>
    internal (Tensor Error, Tensor Gradient) Compare(int block, Tensor output, double scale) =>
        BlockReconstruction.Compare(Values[block], output, Values[block + 1], scale);
}
