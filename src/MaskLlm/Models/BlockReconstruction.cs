using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>
/// Each block on its own: from what the dense model gives it towards what the dense block makes of that. No error runs from block
/// to block, and the gradient of a weight comes from its own block's output.
/// </summary>
internal static class BlockReconstruction
{
    /// <summary>What goes into every block and comes out of the last, (B, T, D) each, without gradients; of the caller's scope.</summary>
    /// <param name="model">The dense model.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    internal static IReadOnlyList<Tensor> DenseStates(Decoder model, Tensor inputs)
    {
        using IDisposable noGradient = no_grad();
        List<Tensor> states = [model.Embed(inputs)];
        for (int block = 0; block < model.Blocks.Count; block++) states.Add(model.RunBlock(block, states[block]));
        return states;
    }

    /// <summary>Runs every block forward and backward; gradients are added to <c>.grad</c> of every tensor that requires one.</summary>
    /// <param name="model">The model, with whatever weights its linear layers have now.</param>
    /// <param name="states">Of the dense model.</param>
    /// <param name="scale">Multiplies the gradients, not the loss.</param>
    /// <param name="enterBlock">Called with the block's index before it runs, disposed after; null where the weights are in place.</param>
    /// <returns>Squared error of a block's output over the square of what the dense block adds to its input; the mean over blocks.</returns>
    internal static double Backward(Decoder model, IReadOnlyList<Tensor> states, double scale, Func<int, IDisposable>? enterBlock)
    {
        double sum = 0;
        for (int block = 0; block < model.Blocks.Count; block++)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? entered = enterBlock?.Invoke(block);
            Tensor error = (model.RunBlock(block, states[block]) - states[block + 1]).square().sum(ScalarType.Float32);
            Tensor loss = error / (states[block + 1] - states[block]).square().sum(ScalarType.Float32);
            if (loss.requires_grad) (loss * scale).backward();
            sum += loss.to(ScalarType.Float64).item<double>();
        }
        return sum / model.Blocks.Count;
    }
}
