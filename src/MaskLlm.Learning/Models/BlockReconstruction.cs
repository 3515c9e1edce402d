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

    /// <summary>Runs one block forward and backward, in parts of a batch; gradients are added as <see cref="Backward(Decoder, BlockStates,
    /// double, Func{int, IDisposable})"/> does.</summary>
    /// <param name="model">The model, with whatever weights the block's layers have now.</param>
    /// <param name="block">Its index.</param>
    /// <param name="input">(B, T, D), what goes into it.</param>
    /// <param name="target">(B, T, D), what is to come out.</param>
    /// <param name="together">Sequences of a part.</param>
    /// <param name="enterBlock">Called before a part runs, disposed after.</param>
    /// <returns>Squared error of the output over the square of what is to be added to the input; the mean over the parts.</returns>
    internal static double Backward(Decoder model, int block, Tensor input, Tensor target, int together, Func<IDisposable> enterBlock)
    {
        double sum = 0;
        Tensor[] inputs = input.split(together), targets = target.split(together);
        for (int part = 0; part < inputs.Length; part++)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable entered = enterBlock();
            Tensor output = model.RunBlock(block, inputs[part]);
            (Tensor error, Tensor gradient) = Compare(inputs[part], output, targets[part], 1.0 / inputs.Length);
            if (output.requires_grad) output.backward([gradient]);
            sum += error.item<float>() / inputs.Length;
        }
        return sum;
    }

    /// <summary>Squared error of a block's output over the square of what is to be added to its input, of the caller's scope.</summary>
    /// <param name="input">(B, T, D).</param>
    /// <param name="output">(B, T, D); its graph is left alone.</param>
    /// <param name="target">(B, T, D).</param>
    /// <param name="scale">Multiplies the gradient, not the error.</param>
    /// <returns>A float32 scalar, and scale * its gradient by the output.</returns>
    internal static (Tensor Error, Tensor Gradient) Compare(Tensor input, Tensor output, Tensor target, double scale)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor added = (target - input).Squared().sum(ScalarType.Float32), difference = output.detach() - target;
        Tensor error = difference.Squared().sum(ScalarType.Float32).div_(added);
        return (error.MoveToOuterDisposeScope(), difference.TimesInPlace(2 * scale).div_(added).MoveToOuterDisposeScope());
    }
}
