using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Optimization;

/// <summary>AdamW (Loshchilov and Hutter 2019) by tensor operations.</summary>
internal static class AdamW
{
    /// <summary>One update in place.</summary>
    /// <param name="parameter">Any shape.</param>
    /// <param name="firstMoment">Same shape.</param>
    /// <param name="secondMoment">Same shape.</param>
    /// <param name="gradient">Same shape; already clipped.</param>
    /// <param name="rates">Of this step.</param>
    internal static void Update(Tensor parameter, Tensor firstMoment, Tensor secondMoment, Tensor gradient, AdamWRates rates)
    {
        using DisposeScope scope = NewDisposeScope();
        parameter.mul_(1 - rates.LearningRate * rates.WeightDecay);
        firstMoment.mul_(AdamWRates.Beta1).add_(gradient, alpha: 1 - AdamWRates.Beta1);
        secondMoment.mul_(AdamWRates.Beta2).addcmul_(gradient, gradient, 1 - AdamWRates.Beta2);
        Tensor denominator = secondMoment.sqrt().div_(Math.Sqrt(rates.SecondCorrection)).add_(rates.Epsilon);
        parameter.addcdiv_(firstMoment, denominator, -rates.LearningRate / rates.FirstCorrection);
    }
}
