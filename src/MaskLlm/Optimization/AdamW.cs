using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Optimization;

/// <summary>AdamW (Loshchilov and Hutter 2019) with the constants of the paper's runs: betas 0.9 and 0.95.</summary>
internal static class AdamW
{
    private const double Beta1 = 0.9, Beta2 = 0.95;

    /// <summary>One update in place.</summary>
    /// <param name="parameter">Any shape.</param>
    /// <param name="firstMoment">Same shape.</param>
    /// <param name="secondMoment">Same shape.</param>
    /// <param name="gradient">Same shape; already clipped.</param>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="weightDecay">Decoupled decay.</param>
    /// <param name="step">0 for the first update.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    internal static void Update(
        Tensor parameter, Tensor firstMoment, Tensor secondMoment, Tensor gradient, double learningRate, double weightDecay, long step, double epsilon)
    {
        using DisposeScope scope = NewDisposeScope();
        double correction1 = 1 - Math.Pow(Beta1, step + 1), correction2 = 1 - Math.Pow(Beta2, step + 1);
        parameter.mul_(1 - learningRate * weightDecay);
        firstMoment.mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
        secondMoment.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
        Tensor denominator = secondMoment.sqrt().div_(Math.Sqrt(correction2)).add_(epsilon);
        parameter.addcdiv_(firstMoment, denominator, -learningRate / correction1);
    }
}
