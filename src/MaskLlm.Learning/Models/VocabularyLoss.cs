using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Cross-entropy over the vocabulary, or its mix with a teacher's, a chunk of tokens at a time: the logits of a whole batch are
/// never in memory.</summary>
internal static class VocabularyLoss
{
    // Log-probabilities and the gradients by them and by the logits: about three times this much is alive at once.
    private const int ChunkBytes = 64 << 20, LeastTokens = 64;

    /// <summary>Tokens whose float32 logits fill a chunk.</summary>
    internal static int ChunkTokens(int vocabularySize) => Math.Max(LeastTokens, ChunkBytes / sizeof(float) / vocabularySize);

    /// <summary>The mean loss and its gradient; that of the head, where it requires one, is added to the head's.</summary>
    /// <param name="hidden">(N, D), what the head multiplies; no gradient is taken beyond it.</param>
    /// <param name="head">(V, D), in the type of <paramref name="hidden"/>.</param>
    /// <param name="targets">(N) int64.</param>
    /// <param name="scale">Multiplies the gradients, not the loss.</param>
    /// <param name="chunkTokens">Tokens at once.</param>
    /// <param name="dense">What to learn from besides the targets; null for nothing.</param>
    /// <returns>Mean loss in nats a token, and scale * its gradient by the hidden states, (N, D), of the caller's scope.</returns>
    internal static (double Loss, Tensor Gradient) Backward(Tensor hidden, VocabularyHead head, Tensor targets, double scale,
        int chunkTokens, Predictions? dense = null)
    {
        using DisposeScope scope = NewDisposeScope();
        long tokens = hidden.size(0);
        Tensor detached = hidden.detach(), gradient = empty_like(detached);
        double sum = 0;
        for (long start = 0; start < tokens; start += chunkTokens)
        {
            using DisposeScope chunkScope = NewDisposeScope();
            long length = Math.Min(chunkTokens, tokens - start);
            Tensor leaf = detached.narrow(0, start, length).detach().requires_grad_();
            Tensor loss = Sum(leaf, head, targets.narrow(0, start, length), dense?.Narrow(start, length));
            loss.Times(scale / tokens).backward();
            gradient.narrow(0, start, length).copy_(leaf.grad!);
            sum += loss.item<float>();
        }
        return (sum / tokens, gradient.MoveToOuterDisposeScope());
    }

    /// <summary>Sum of the cross-entropies in nats, without gradients.</summary>
    /// <param name="hidden">(N, D), what the head multiplies.</param>
    /// <param name="head">(V, D), in the type of <paramref name="hidden"/>.</param>
    /// <param name="targets">(N) int64.</param>
    /// <param name="chunkTokens">Tokens at once.</param>
    internal static double Total(Tensor hidden, VocabularyHead head, Tensor targets, int chunkTokens)
    {
        double sum = 0;
        for (long start = 0; start < hidden.size(0); start += chunkTokens)
        {
            using DisposeScope scope = NewDisposeScope();
            long length = Math.Min(chunkTokens, hidden.size(0) - start);
            Tensor logits = Logits(hidden.narrow(0, start, length), head);
            Tensor each = nn.functional.cross_entropy(logits, targets.narrow(0, start, length), reduction: nn.Reduction.None);
            sum += each.sum(ScalarType.Float64).item<double>();
        }
        return sum;
    }

    // The graph keeps the log-probabilities; the logits die here.
    private static Tensor Sum(Tensor hidden, VocabularyHead head, Tensor targets, Predictions? dense)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Logits(hidden, head);
        if (dense is null) return nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum).MoveToOuterDisposeScope();
        Tensor logProbabilities = nn.functional.log_softmax(logits, dim: -1), taught = LogProbabilities(dense.Hidden, head);
        Tensor divergence = nn.functional.kl_div(logProbabilities, taught, log_target: true, nn.Reduction.Sum);   // KL(dense || masked)
        return divergence.Times(dense.Share)
            .Plus(nn.functional.nll_loss(logProbabilities, targets, reduction: nn.Reduction.Sum), 1 - dense.Share)
                .MoveToOuterDisposeScope();
    }

    // (n, V) float32.
    private static Tensor Logits(Tensor hidden, VocabularyHead head) => head.Call(hidden).to(ScalarType.Float32);

    private static Tensor LogProbabilities(Tensor hidden, VocabularyHead head)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.log_softmax(Logits(hidden, head), dim: -1).MoveToOuterDisposeScope();
    }
}
