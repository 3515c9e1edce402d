using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Forward and backward pass of a batch; gradients are added to <c>.grad</c> of every tensor that requires one.</summary>
internal static class BackwardPass
{
    /// <summary>Runs both passes.</summary>
    /// <param name="model">The model, with whatever weights its linear layers have now.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    /// <param name="targets">(B, T) int64: the token after each.</param>
    /// <param name="scale">Gradients are of scale * mean loss: 1 / parts where a batch is run in parts.</param>
    /// <param name="checkpointActivations">
    /// Keeps only the input of every block and runs the block a second time when its turn in the backward pass comes: one more
    /// forward pass in time, and the activations of one block in memory instead of those of all.
    /// </param>
    /// <param name="enterBlock">
    /// Called with the block's index before every run of it and disposed after: once in the forward pass and once around the
    /// second run with its backward pass, from the last block to the first, for as long as anything before or in the block
    /// requires a gradient. It may put other tensors of the same values into the block's linear layers each time; whether one
    /// requires a gradient must not differ. What it makes belongs to a scope that ends with that run, and its disposal runs in that
    /// scope too; it must not leave a dispose scope of its own open. Never called without <paramref name="checkpointActivations"/>: the
    /// weights must
    /// then be there for the whole pass.
    /// </param>
    /// <param name="chunkTokens">Tokens whose logits are in memory at once; null for about 64 MB of them.</param>
    /// <param name="teacher">What to learn from besides the targets, (B, T, D); null for nothing.</param>
    /// <returns>Mean loss of the batch in nats a token, not scaled.</returns>
    internal static double Run(
        Decoder model, Tensor inputs, Tensor targets, double scale, bool checkpointActivations, Func<int, IDisposable>? enterBlock = null,
            int? chunkTokens = null, Teacher? teacher = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Vocabulary vocabulary = new(model, targets.reshape(-1), scale, chunkTokens
            ?? VocabularyLoss.ChunkTokens(model.Config.VocabularySize), teacher);
        return checkpointActivations ? Recomputing(model, inputs, vocabulary, enterBlock) : Keeping(model, inputs, vocabulary);
    }

    /// <summary>Runs a batch in parts, so that the activations of one part are in memory at a time; gradients are of the batch's mean
    /// loss.</summary>
    /// <param name="model">The model.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    /// <param name="targets">(B, T) int64: the token after each.</param>
    /// <param name="microBatchSize">Sequences at once; the last part may have fewer. Null for all.</param>
    /// <param name="checkpointActivations">As of <see cref="Run"/>.</param>
    /// <param name="enterBlock">As of <see cref="Run"/>.</param>
    /// <param name="teacher">As of <see cref="Run"/>.</param>
    /// <param name="batchSize">Sequences of the batch that these are some of; null where they are all.</param>
    /// <returns>Mean loss of the batch in nats a token; of some of it, their share of the mean.</returns>
    internal static double RunInParts(
        Decoder model, Tensor inputs, Tensor targets, int? microBatchSize, bool checkpointActivations,
            Func<int, IDisposable>? enterBlock = null, Teacher? teacher = null, int? batchSize = null)
    {
        int rows = (int)inputs.size(0), micro = microBatchSize ?? rows;
        double loss = 0;
        for (int row = 0; row < rows; row += micro)
        {
            using DisposeScope scope = NewDisposeScope();
            int some = Math.Min(micro, rows - row);
            double parts = (batchSize ?? rows) / (double)some;
            loss += Run(
                model, inputs.narrow(0, row, some), targets.narrow(0, row, some), 1.0 / parts, checkpointActivations, enterBlock,
                teacher: teacher?.Narrow(row, some)) / parts;
        }
        return loss;
    }

    private static double Keeping(Decoder model, Tensor inputs, Vocabulary vocabulary)
    {
        if (vocabulary.Teacher?.States is null) return vocabulary.Backward(model.RunBlocks(model.Embed(inputs)));
        // Every block's output gets the gradient of its own term where the graph passes it.
        List<Tensor> outputs = [], gradients = [];
        Tensor hidden = model.Embed(inputs);
        for (int block = 0; block < model.Blocks.Count; block++)
        {
            hidden = model.RunBlock(block, hidden);
            if (!hidden.requires_grad) continue;
            outputs.Add(hidden);
            gradients.Add(vocabulary.StateGradient(block, hidden)!);
        }
        return vocabulary.Backward(hidden, outputs, gradients);
    }

    private static double Recomputing(Decoder model, Tensor inputs, Vocabulary vocabulary, Func<int, IDisposable>? enterBlock)
    {
        // Entry i: the input of block i, and whether anything before it requires a gradient. The last is the output of all.
        (Tensor[] kept, bool[] reached) = Forward(model, inputs, enterBlock);
        using Tensor? last = vocabulary.StateGradient(model.Blocks.Count - 1, kept[^1]);
        (double loss, Tensor? gradient) = LastBackward(kept[^1].requires_grad_(reached[^1]), vocabulary);
        if (last is not null) gradient?.PlusInPlace(last);
        for (int i = model.Blocks.Count - 1; i >= 0 && reached[i + 1]; i--)
        {
            using Tensor input = kept[i].requires_grad_(reached[i]), outer = gradient!;
            gradient = BlockBackward(model, i, input, outer, enterBlock);
            if (i == 0 || gradient is null) continue;
            using Tensor? ofState = vocabulary.StateGradient(i - 1, input);
            if (ofState is not null) gradient.PlusInPlace(ofState);
        }
        if (reached[0]) model.Embed(inputs).backward([gradient!]);
        return loss;
    }

    private static (Tensor[] Kept, bool[] Reached) Forward(Decoder model, Tensor inputs, Func<int, IDisposable>? enterBlock)
    {
        using IDisposable noGradient = no_grad();
        int blocks = model.Blocks.Count;
        Tensor[] kept = new Tensor[blocks + 1];
        bool[] reached = new bool[blocks + 1];
        (kept[0], reached[0]) = (model.Embed(inputs), model.EmbeddingRequiresGradient);
        for (int i = 0; i < blocks; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? entered = enterBlock?.Invoke(i);
            reached[i + 1] = reached[i] || model.Blocks[i].RequiresGradient;
            kept[i + 1] = model.RunBlock(i, kept[i]).MoveToOuterDisposeScope();
        }
        return (kept, reached);
    }

    private static (double Loss, Tensor? Gradient) LastBackward(Tensor blocksOutput, Vocabulary vocabulary)
    {
        using Tensor output = blocksOutput;
        return (vocabulary.Backward(output), output.grad);
    }

    private static Tensor? BlockBackward(Decoder model, int block, Tensor input, Tensor gradient, Func<int, IDisposable>? enterBlock)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? entered = enterBlock?.Invoke(block);
        using Tensor output = model.RunBlock(block, input);
        output.backward([gradient]);
        return input.grad?.MoveToOuterDisposeScope();
    }

    /// <summary>What follows the blocks: norm, head and loss, forward and backward.</summary>
    /// <param name="Model">The model.</param>
    /// <param name="Targets">(B T) int64.</param>
    /// <param name="Scale">Of the gradients.</param>
    /// <param name="ChunkTokens">Tokens whose logits are in memory at once.</param>
    /// <param name="Teacher">What to learn from besides; null for nothing.</param>
    private sealed record Vocabulary(Decoder Model, Tensor Targets, double Scale, int ChunkTokens, Teacher? Teacher)
    {
        /// <summary>Takes the loss of (B, T, D) and goes back through whatever it was made of.</summary>
        /// <param name="blocksOutput">The last block's output.</param>
        /// <param name="others">Tensors on the way whose own gradients go back with it.</param>
        /// <param name="gradients">Of them.</param>
        internal double Backward(Tensor blocksOutput, IReadOnlyList<Tensor>? others = null, IReadOnlyList<Tensor>? gradients = null)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor hidden = Model.FinalNorm(blocksOutput).view(-1, blocksOutput.size(2));    // (B T, D)
            (double loss, Tensor gradient) = VocabularyLoss.Backward(hidden, Model.Head, Targets, Scale, ChunkTokens,
                Teacher?.Predictions.Flat());
            if (hidden.requires_grad) autograd.backward([hidden, .. others ?? []], [gradient, .. gradients ?? []]);
            return loss;
        }

        /// <summary>What a block's output gets for being unlike the teacher's; null where only predictions are taught.</summary>
        internal Tensor? StateGradient(int block, Tensor output) => Teacher?.StateGradient(block, output, Scale);
    }
}
