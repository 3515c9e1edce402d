namespace MaskLlm.Learning;

/// <summary>Wall clock of a learning step, in seconds.</summary>
/// <param name="Dense">The dense model's predictions, where they are learned from.</param>
/// <param name="Sample">Noise, softmax, masked weights; with recomputed activations twice a layer.</param>
/// <param name="Backward">From the gradient by the masked weights to the norm of that by the logits.</param>
/// <param name="Update">AdamW.</param>
/// <param name="Total">The whole step.</param>
public readonly record struct StepTimes(double Dense, double Sample, double Backward, double Update, double Total)
{
    /// <summary>What the masks add to the model's own forward and backward pass.</summary>
    public double Masks => Sample + Backward + Update;
}
