using MaskLlm.Models;

namespace MaskLlm.Learning;

/// <summary>What a learning run will take, before it takes it.</summary>
internal static class LearnMemory
{
    /// <summary>Bytes beside the loaded model: state of the masks, gradients, and what the backward pass keeps.</summary>
    internal static long Bytes(Decoder model, LearnOptions options)
    {
        long weights = MaskLearner.SelectLayers(model, options).Sum(layer => (long)layer.Rows * layer.Columns);
        double logitsPerWeight = (double)options.Pattern.CandidateCount / options.Pattern.GroupSize;
        // Masked weight and its gradient; logits, two moments and the sample of the step; the noise of one layer is small beside them.
        double state = weights * sizeof(float) * (2 + 4 * logitsPerWeight);
        long tokens = (long)(options.MicroBatchSize ?? options.BatchSize) * options.SequenceLength;
        DecoderConfig config = model.Config;
        // Fitted to the peak of a run on SmolLM2, 10.8 GB at 4 x 512 tokens (docs/results): the backward pass keeps about 26 tensors
        // of the hidden size and 5 of the MLP's a block, and 4 of the vocabulary.
        double activations = (double)tokens * sizeof(float)
            * (config.BlockCount * (26.0 * config.HiddenSize + 5.0 * config.IntermediateSize) + 4.0 * config.VocabularySize);
        return (long)(state + activations);
    }

    /// <summary>Stops a run that would not fit.</summary>
    /// <exception cref="InsufficientMemoryException">It would not.</exception>
    internal static void Require(Decoder model, LearnOptions options) => AvailableMemory.Require(
        Bytes(model, options), "learning", "lower --micro-batch-size or --seq-len, or --skip some layers");
}
