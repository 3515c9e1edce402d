namespace MaskLlm.Learning;

/// <summary>What one learning step measured.</summary>
/// <param name="Loss">Mean cross-entropy of the batch under the sampled mask, in nats a token.</param>
/// <param name="Reward">lambda sum (W mask)^2, which the objective subtracts.</param>
/// <param name="GradientNorm">Norm of the logits' gradient before clipping.</param>
/// <param name="MeanMaxProbability">Mean over groups of the largest probability of the sample.</param>
/// <param name="Times">Wall clock of the step and its parts.</param>
public readonly record struct StepFigures(double Loss, double Reward, double GradientNorm, double MeanMaxProbability, StepTimes Times);
