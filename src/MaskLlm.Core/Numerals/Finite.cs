using System.Numerics.Tensors;

namespace MaskLlm.Numerals;

/// <summary>The checks that nothing is made of NaN or infinity: not a figure, a mask, a text or a file.</summary>
internal static class Finite
{
    internal const string Cause = "a weight of the checkpoint is damaged, or its numbers are too large for the type that they are "
        + "computed in; get the checkpoint again";

    /// <summary>The logits that a token is drawn by.</summary>
    /// <param name="logits">(V).</param>
    /// <param name="position">Of the token in its sequence.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite.</exception>
    internal static void RequireLogits(ReadOnlySpan<float> logits, int position)
    {
        if (!TensorPrimitives.IsFiniteAll(logits))
            throw new InvalidDataException(
                FormattableString.Invariant(
                $"the model's logits for position {position} are NaN or infinite, and no token can be drawn: {Cause}."));
    }

    /// <summary>A perplexity from its sum.</summary>
    /// <param name="what">It is of, such as "the dense model".</param>
    /// <param name="negativeLogLikelihood">Over all predicted tokens, in nats.</param>
    /// <param name="predicted">Their number.</param>
    /// <exception cref="InvalidDataException">It is NaN or infinite.</exception>
    internal static double Perplexity(string what, double negativeLogLikelihood, long predicted)
    {
        double perplexity = Math.Exp(negativeLogLikelihood / predicted);
        return double.IsFinite(perplexity) ? perplexity
            : throw new InvalidDataException(FormattableString.Invariant($"the perplexity of {what} is {perplexity}: {Cause}."));
    }

    /// <summary>What the weights of a layer are chosen by.</summary>
    /// <param name="layer">Its name.</param>
    /// <param name="scores">Of its weights.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite: it has no rank.</exception>
    internal static void RequireScores(string layer, ReadOnlySpan<float> scores)
    {
        if (!TensorPrimitives.IsFiniteAll(scores)) throw Scores(layer);
    }

    /// <summary>What a training step gave.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="loss">Before the step.</param>
    /// <param name="gradientNorm">Of the gradient that the step takes: after the last one no loss would show it.</param>
    /// <exception cref="InvalidDataException">One is NaN or infinite.</exception>
    internal static void RequireStep(long step, double loss, double gradientNorm)
    {
        if (!double.IsFinite(loss))
            throw new InvalidDataException(
                FormattableString.Invariant($"the loss is {loss} at step {step}; lower `LearningRate`, or look at the data."));
        if (!double.IsFinite(gradientNorm))
            throw new InvalidDataException(
                FormattableString.Invariant(
                $"the gradient's norm is {gradientNorm} at step {step}; lower `LearningRate`, or look at the data."));
    }

    internal static InvalidDataException Scores(string layer) =>
        new($"{layer}: its scores are NaN or infinite, and no mask can be chosen by them: {Cause}.");
}
