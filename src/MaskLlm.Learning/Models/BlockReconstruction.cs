using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>
/// Each block on its own: from what the dense model gives it towards what the dense block makes of that. No error runs from block
/// to block, and the gradient of a weight comes from its own block's output.
/// </summary>
internal static class BlockReconstruction
{
    /// <summary>Runs every block forward and backward; gradients are added to <c>.grad</c> of every tensor that requires one.</summary>
    /// <param name="model">The model, with whatever weights its linear layers have now.</param>
    /// <param name="states">Of the dense model.</param>
    /// <param name="scale">Multiplies the gradients, not the loss.</param>
    /// <param name="enterBlock">Called with the block's index before it runs, disposed after.</param>
    /// <returns>Squared error of a block's output over the square of what the dense block adds to its input; the mean over
    /// blocks.</returns>
    internal static double Backward(Decoder model, BlockStates states, double scale, Func<int, IDisposable> enterBlock)
    {
        double sum = 0;
        for (int block = 0; block < model.Blocks.Count; block++)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable entered = enterBlock(block);
            Tensor output = model.RunBlock(block, states.Values[block]);
            (Tensor error, Tensor gradient) = states.Compare(block, output, scale);
            if (output.requires_grad) output.backward([gradient]);
            sum += error.item<float>();
        }
        return sum / model.Blocks.Count;
    }
}
