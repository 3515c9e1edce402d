using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Training;

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
        parameter.TimesInPlace(1 - rates.LearningRate * rates.WeightDecay);
        firstMoment.TimesInPlace(AdamWRates.Beta1).PlusInPlace(gradient, 1 - AdamWRates.Beta1);
        secondMoment.TimesInPlace(AdamWRates.Beta2).PlusProductInPlace(gradient, gradient, 1 - AdamWRates.Beta2);
        Tensor denominator = secondMoment.sqrt().OverInPlace(Math.Sqrt(rates.SecondCorrection)).PlusInPlace(rates.Epsilon);
        parameter.PlusQuotientInPlace(firstMoment, denominator, -rates.LearningRate / rates.FirstCorrection);
    }
}
