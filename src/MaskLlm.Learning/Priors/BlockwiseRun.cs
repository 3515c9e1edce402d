using MaskLlm.Distributed;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>Blockwise pruning with its checkpoints: begins, or goes on where an earlier run stopped. Of ranks the first writes blocks, and
/// none the hidden states, so that they begin at the first block.</summary>
internal sealed class BlockwiseRun(
    PruneRequest request, PruneMethod method, Decoder model, IReadOnlyList<LinearLayer> layers, PruneCheckpoint? checkpoint,
    Ranks ranks, IProgress<Progress>? progress, CancellationToken cancellation)
{
    /// <summary>Experts of all blocks that too few tokens reached.</summary>
    internal int StarvedExperts { get; private set; }

    /// <summary>The masks of all layers, in their order.</summary>
    /// <param name="sequences">Token ids, all of one length.</param>
    /// <exception cref="InvalidDataException">The checkpoint is damaged.</exception>
    /// <exception cref="InsufficientMemoryException">A block's statistics do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    internal OrderedDictionary<string, Mask> Prune(IReadOnlyList<int[]> sequences)
    {
        long states = HiddenStates.BytesOf(model.Config.HiddenSize, sequences) / ranks.Size;
        BlockwisePruner.RequireMemory(model, method, sequences, states <= HiddenMemoryBytes || ranks.Size > 1 ? states : 0, "`Method`",
            "lower `HiddenMemoryBytes`, `Samples` or `SequenceLength`");
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        int finished = ranks.Size > 1 ? 0 : checkpoint!.FinishedBlocks;
        for (int block = 0; block < finished; block++)
        {
            foreach ((string name, Mask mask) in checkpoint!.Masks(block, layers)) masks.Add(name, mask);
            StarvedExperts += checkpoint.StarvedExperts(block);
        }
        Func<string, ScalarType>? types = method.ChangesWeights ? WeightType() : null;
        using IDisposable noGradient = no_grad();
        // Dense ones first: where those of pruned blocks are whole, these are too.
        using HiddenStates? dense = method.Solves ? Start(sequences, HiddenStates.DenseName) : null;
        using HiddenStates hidden = Start(sequences, HiddenStates.PrunedName);
        BlockwisePruner pruner = new(model, method, layers, $"pruning by {method.Name}", progress, ranks);
        pruner.Run(finished, hidden, dense, (block, pruned) =>
        {
            foreach (PrunedLayer layer in pruned) masks.Add(layer.Layer.Name, layer.Mask);
            checkpoint?.Save(block, pruned, types, pruner.StarvedOf(block));
            StarvedExperts += pruner.StarvedOf(block);
        }, cancellation);
        return masks;
    }

    private long HiddenMemoryBytes => method.Solves ? request.HiddenMemoryBytes / 2 : request.HiddenMemoryBytes;

    private HiddenStates Start(IReadOnlyList<int[]> sequences, string name) =>
        ranks.Size > 1 ? HiddenStates.Embed(model, sequences, null, 0, cancellation, name, ranks: ranks)
        : File.Exists(HiddenStates.PathOf(checkpoint!.Folder, checkpoint.FinishedBlocks, HiddenStates.PrunedName))
        ? HiddenStates.Load(model, sequences, checkpoint.Folder, HiddenMemoryBytes, checkpoint.FinishedBlocks, name)
        : HiddenStates.Embed(model, sequences, checkpoint.Folder, HiddenMemoryBytes, cancellation, name);

    // The file's own types, so that the checkpoint of updated weights has them.
    private Func<string, ScalarType> WeightType()
    {
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(request.Model);
        Dictionary<string, ScalarType> types = layers.ToDictionary(layer => layer.Name, layer =>
            TensorBytes.TypeOf(file.Tensors[layer.Name]), StringComparer.Ordinal);
        return name => types[name];
    }
}
