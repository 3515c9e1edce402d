using System.Numerics.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MaskLlm.Models;

/// <summary>The checks that nothing is made of NaN or infinity: not a figure, a mask, a text or a file.</summary>
internal static class Finite
{
    private const string Cause = "a weight of the checkpoint is damaged, or its numbers are too large for the type that they are computed in; get the checkpoint again";

    /// <summary>The logits that a token is drawn by.</summary>
    /// <param name="logits">(V).</param>
    /// <param name="position">Of the token in its sequence.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite.</exception>
    internal static void RequireLogits(ReadOnlySpan<float> logits, int position)
    {
        if (!TensorPrimitives.IsFiniteAll(logits))
            throw new InvalidDataException(FormattableString.Invariant($"the model's logits for position {position} are NaN or infinite, and no token can be drawn: {Cause}."));
    }

    /// <summary>A perplexity from its sum.</summary>
    /// <param name="what">It is of, such as "the dense model".</param>
    /// <param name="negativeLogLikelihood">Over all predicted tokens, in nats.</param>
    /// <param name="predicted">Their number.</param>
    /// <exception cref="InvalidDataException">It is NaN or infinite.</exception>
    internal static double Perplexity(string what, double negativeLogLikelihood, long predicted)
    {
        double perplexity = Math.Exp(negativeLogLikelihood / predicted);
        return double.IsFinite(perplexity) ? perplexity : throw new InvalidDataException(FormattableString.Invariant($"the perplexity of {what} is {perplexity}: {Cause}."));
    }

    /// <summary>What the weights of a layer are chosen by.</summary>
    /// <param name="layer">Its name.</param>
    /// <param name="scores">Of its weights.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite: it has no rank.</exception>
    internal static void RequireScores(string layer, ReadOnlySpan<float> scores)
    {
        if (!TensorPrimitives.IsFiniteAll(scores)) throw Scores(layer);
    }

    /// <summary>The same, of a float32 tensor.</summary>
    internal static void RequireScores(string layer, Tensor scores)
    {
        if (!All(scores)) throw Scores(layer);
    }

    /// <summary>Weights that are about to be written, in the type of the file.</summary>
    /// <param name="name">Of the weight.</param>
    /// <param name="weight">It.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite, or was too large for the type.</exception>
    internal static Tensor RequireWritable(string name, Tensor weight) => All(weight) ? weight
        : throw new InvalidDataException($"{name}: its new weights are NaN or infinite in {weight.dtype}, and are not written; {Cause}.");

    /// <summary>What a training step gave.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="loss">Before the step.</param>
    /// <param name="gradientNorm">Of the gradient that the step takes: after the last one no loss would show it.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite.</exception>
    internal static void RequireStep(long step, double loss, double gradientNorm)
    {
        if (!double.IsFinite(loss)) throw new InvalidDataException(FormattableString.Invariant($"the loss is {loss} at step {step}; lower --learning-rate, or look at the data."));
        if (!double.IsFinite(gradientNorm))
            throw new InvalidDataException(FormattableString.Invariant($"the gradient's norm is {gradientNorm} at step {step}; lower --learning-rate, or look at the data."));
    }

    /// <summary>Whether every value is finite.</summary>
    // Both ends are finite unless a value is not, NaN included, and no copy of the values is made.
    internal static bool All(Tensor values)
    {
        (Tensor least, Tensor most) = values.aminmax();
        using (least)
        using (most)
            return double.IsFinite(least.to(ScalarType.Float64).item<double>()) && double.IsFinite(most.to(ScalarType.Float64).item<double>());
    }

    private static InvalidDataException Scores(string layer) => new($"{layer}: its scores are NaN or infinite, and no mask can be chosen by them: {Cause}.");
}
