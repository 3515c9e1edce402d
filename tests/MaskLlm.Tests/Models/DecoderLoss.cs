using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>The loss in the plainest way, the logits of the whole batch at once: what chunks and recomputation must equal.</summary>
internal static class DecoderLoss
{
    internal static Tensor Of(Decoder model, Tensor inputs, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = model.Forward(inputs).view(-1, model.Config.VocabularySize).to(ScalarType.Float32);   // (B T, V)
        return nn.functional.cross_entropy(logits, targets.reshape(-1)).MoveToOuterDisposeScope();
    }
}
