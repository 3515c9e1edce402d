using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// One layer's sample of a mask and its gradient, by plain tensor operations: the reference that any faster kernel must equal.
/// Candidates lie in rows, (C, G), because a softmax over a short last dimension costs four times as much.
/// </summary>
internal static class SoftMask
{
    /// <summary>y = softmax((kappa p + g) / tau) over the candidates of each group.</summary>
    /// <param name="logits">p, (C, G) float32.</param>
    /// <param name="noise">g, (C, G) float32. Null for none.</param>
    /// <param name="kappa">Scale of the logits.</param>
    /// <param name="tau">Temperature.</param>
    /// <returns>y, (C, G).</returns>
    /// <remarks>MaskLLM eq. 6; as in its code the noise is not scaled by kappa.</remarks>
    internal static Tensor Probabilities(Tensor logits, Tensor? noise, double kappa, double tau)
    {
        using DisposeScope scope = NewDisposeScope();
        // Rounded product and sum, as the original has them: in one operation some processors fuse them, and late in a run the softmax
        // shows it.
        Tensor scores = logits.Times(kappa);
        if (noise is not null) scores.PlusInPlace(noise);
        return scores.OverInPlace(tau).softmax(0).MoveToOuterDisposeScope();
    }

    /// <summary>The soft mask y S, or with <paramref name="hard"/> the candidate of the largest y.</summary>
    /// <param name="probabilities">y, (C, G).</param>
    /// <param name="table">S.</param>
    /// <param name="rows">O.</param>
    /// <param name="columns">I.</param>
    /// <param name="hard">Straight-through.</param>
    /// <returns>(O, I) in [0, 1].</returns>
    /// <remarks>MaskLLM eq. 7.</remarks>
    internal static Tensor Mix(Tensor probabilities, CandidateTensor table, long rows, long columns, bool hard) => hard
        ? table.Candidates.index_select(0, probabilities.argmax(0)).view(rows, columns)
        : CandidateTensor.FromGroups(table.Candidates.t().matmul(probabilities), rows, columns);   // (M, C)(C, G) -> (M, G) -> (O, I)

    /// <summary>The gradient of the loss, the reward included, by the logits. Overwrites the probabilities with it.</summary>
    /// <param name="probabilities">y, (C, G).</param>
    /// <param name="weight">W, (O, I), frozen.</param>
    /// <param name="maskedWeight">W * mask as the layer used it, (O, I).</param>
    /// <param name="maskedGradient">Gradient of the language-modelling loss by the masked weight, (O, I).</param>
    /// <param name="table">S.</param>
    /// <param name="scale">kappa / tau.</param>
    /// <param name="reward">lambda of this step.</param>
    /// <returns><paramref name="probabilities"/>, now the gradient by p, (C, G).</returns>
    /// <remarks>
    /// With L' = L - lambda sum (W mask)^2: dL'/dmask = W (dL/d(W mask) - 2 lambda W mask), dL'/dy = S dL'/dmask, and through the
    /// softmax dL'/dp = kappa/tau * y * (dL'/dy - sum_c y dL'/dy). The hard mask takes the same way (straight-through).
    /// </remarks>
    internal static Tensor GradientInPlace(
        Tensor probabilities, Tensor weight, Tensor maskedWeight, Tensor maskedGradient, CandidateTensor table, double scale, double reward)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor byMask = maskedGradient.Plus(maskedWeight, -2 * reward).mul_(weight);     // (O, I)
        // (C, M)(M, G) -> (C, G)
        Tensor byCandidate = table.Candidates.matmul(CandidateTensor.ToGroups(byMask, table.Pattern));
        Tensor mean = (probabilities * byCandidate).sum(0, keepdim: true);                    // (1, G)
        return probabilities.mul_(byCandidate.sub_(mean)).TimesInPlace(scale);
    }
}
