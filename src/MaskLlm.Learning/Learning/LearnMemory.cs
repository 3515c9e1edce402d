using MaskLlm.Architectures;
using MaskLlm.Machine;
using MaskLlm.MaskKernels;
using MaskLlm.Models;

namespace MaskLlm.Learning;

/// <summary>What a learning run will take, part by part, before it takes it.</summary>
internal static class LearnMemory
{
    // Measured over the runs in docs/results: what glibc's heap holds beyond the tensors that are alive, as a share of them.
    private const double HeapShare = 0.2;

    // Measured likewise: what libtorch, its threads, the runtime and text take once steps run.
    private const double FirstStepBytes = 150e6;

    /// <summary>The parts.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="options">Of the run.</param>
    /// <param name="loadedBytes">Memory of the process now, the model's included.</param>
    /// <param name="ranks">Processes that learn together; the plan is of one of them.</param>
    internal static MemoryPlan Plan(Decoder model, LearnOptions options, long loadedBytes, int ranks = 1)
    {
        IReadOnlyList<LinearLayer> selected = MaskLearner.SelectLayers(model, options);
        List<LinearLayer> widest = [.. selected.GroupBy(layer => Block(model, layer)).MaxBy(block => block.Sum(WeightCount))!];
        IReadOnlyList<LinearLayer> layers = options.Stream ? widest : selected;
        DecoderConfig config = model.Config;
        double weights = layers.Sum(WeightCount), owned = weights / ranks, logits = !options.LearnsMasks ? 0
            : owned * options.LogitsAGroup / options.Pattern.GroupSize;
        int compute = Precision.BytesOf(model.Compute);
        int sequences = (options.BatchSize + ranks - 1) / ranks, together = Math.Min(options.MicroBatchSize ?? sequences, sequences);
        double tokens = (double)together * options.SequenceLength;
        double ofBlock = widest.Sum(WeightCount);
        // Among ranks a gradient is summed once it is whole, and then this rank's part is left of it, in float32.
        double gradients = ranks == 1 ? weights * compute
            : owned * sizeof(float) + (options.CheckpointActivations && together == sequences ? ofBlock : weights) * compute;
        List<MemoryPart> parts =
        [
            new("masked weights", (options.CheckpointActivations ? ofBlock : weights) * compute),
            new("gradients by the masked weights", gradients),
            new("logits", logits * sizeof(float)),
            new($"moments, {options.Moments.ToString().ToLowerInvariant()}", logits * 2 * MomentBytes(options.Moments)),
            new("moving average of the logits", options.AverageDecay > 0 ? logits * sizeof(float) : 0),
            new("dense model's states", DenseBytes(config, options, compute, sequences)),
            new("trained weights and their moments", options.TrainWeights == WeightTraining.None ? 0
                : owned * (sizeof(float) + 2 * MomentBytes(options.Moments))),
            new(options is { CheckpointActivations: true, Stream: false } ? "inputs of the blocks, activations of one" : "activations",
                Activations(model, options, tokens)),
            new("loss over the vocabulary", options.Stream ? 0 : LossBytes(config, compute, tokens, options.Distillation > 0)),
        ];
        if (options.Stream) parts.Add(new MemoryPart("hidden states", StreamedLearning.HiddenBytes(config.HiddenSize, options)));
        // y of every layer waits for its update; noise, its logarithms and the mask of one layer beside it.
        if (MaskLearner.ChooseKernel(options, model.Device) == KernelKind.Plain)
            parts.Add(new MemoryPart("samples of the plain kernel", logits * sizeof(float)
                + 4 * (double)options.LogitsAGroup / options.Pattern.GroupSize * sizeof(float) * layers.Max(WeightCount)));
        double parameters = model.Parameters.Values.Sum(parameter => (double)parameter.NumberOfElements * parameter.ElementSize);
        double loaded = parameters;
        // Embedding and head are gone while a block is there.
        if (model.IsStreamed) parameters += Enumerable.Range(0, config.BlockCount).Max(block => model.BlockLinears(block)
            .Sum(layer => (double)layer.WeightBytes));
        parts.Insert(0, new MemoryPart("model", parameters));
        double tensors = parts.Sum(part => part.Bytes);
        parts.Add(new MemoryPart("heap beyond tensors", HeapShare * tensors));
        parts.Insert(0, new MemoryPart("program, libraries, tokenizer", Math.Max(0, loadedBytes - loaded) + FirstStepBytes));
        return new MemoryPlan(parts);
    }

    /// <summary>Stops a run that would not fit.</summary>
    /// <exception cref="InsufficientMemoryException">It would not.</exception>
    internal static void Require(Decoder model, LearnOptions options, int ranks = 1) => AvailableMemory.Require(
        Plan(model, options, Environment.WorkingSet, ranks).TotalBytes - Environment.WorkingSet, "learning",
        "lower `MicroBatchSize` or `SequenceLength`, take `CheckpointActivations`, `Moments` int8 or `Precision` bfloat16, `Skip` some "
            + "layers, or `Stream`");

    // Kept for the backward pass, a token and block: two norms' inputs in float32 and what they give, queries, repeated keys and values and
    // what attention gives and keeps, gate, its silu, up and the product.
    private static double Activations(Decoder model, LearnOptions options, double tokens)
    {
        DecoderConfig config = model.Config;
        int compute = Precision.BytesOf(model.Compute);
        double hidden = config.HiddenSize, queries = (double)config.HeadCount * config.HeadSize, mlp = config.WidthPerToken;
        double latents = (config.Latent?.QueryRank ?? 0) + (config.Latent?.KeyValueRank ?? 0);
        double attention = config.HeadCount * CausalAttention.KeptBytes(config, model.Compute, model.Device.type, options.SequenceLength);
        double block = 2 * (hidden + latents) * (sizeof(float) + compute) + 4 * compute * (queries + mlp) + attention + 8;
        if (options.Stream) return tokens * block;
        return tokens * (options.CheckpointActivations
            ? (config.BlockCount + 1) * hidden * compute + block + 2 * mlp * compute
            : config.BlockCount * block);
    }

    // In float32 log-probabilities and two gradients, and as much again for a teacher's and the divergence; in bfloat16 logits and their
    // gradient beside them.
    private static double LossBytes(DecoderConfig config, int compute, double tokens, bool distils)
    {
        double logits = Math.Min(tokens, VocabularyLoss.ChunkTokens(config.VocabularySize)) * config.VocabularySize;
        return logits * ((distils ? 6 : 3) * sizeof(float) + (compute < sizeof(float) ? 2 * compute : 0))
            + 3 * tokens * config.HiddenSize * compute;
    }

    // Of the whole batch before the masked model runs, but part by part where blocks are reconstructed.
    private static double DenseBytes(DecoderConfig config, LearnOptions options, int compute, int own)
    {
        if (options.Stream) return 2.0 * options.BatchSize * options.SequenceLength * config.HiddenSize * (sizeof(float) + compute);
        if (!options.RunsDenseModel) return 0;
        int sequences = options.Blockwise ? options.MicroBatchSize ?? own : own;
        int states = options.Blockwise || options.StateDistillation > 0 ? config.BlockCount + 2 : 1;
        return (double)sequences * options.SequenceLength * states * config.HiddenSize * compute;
    }

    private static double MomentBytes(MomentType moments) => moments switch
    {
        MomentType.Float32 => 4,
        MomentType.BFloat16 => 2,
        _ => 1 + (double)sizeof(float) / MaskTile.Size,
    };

    private static long WeightCount(LinearLayer layer) => (long)layer.Rows * layer.Columns;

    private static int Block(Decoder model, LinearLayer layer) =>
        Enumerable.Range(0, model.Config.BlockCount).First(block => model.BlockLinears(block).Contains(layer));
}
