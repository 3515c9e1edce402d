using MaskLlm.MaskKernels;

namespace MaskLlm.Training;

/// <summary>What AdamW's update needs beside gradient and moments (Loshchilov and Hutter 2019).</summary>
/// <param name="Step">0 for the first update.</param>
/// <param name="LearningRate">Of this step.</param>
/// <param name="WeightDecay">Decoupled decay.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
internal readonly record struct AdamWRates(long Step, double LearningRate, double WeightDecay, double Epsilon)
{
    /// <summary>Decay of the first moment; as in the paper's runs.</summary>
    internal const double Beta1 = 0.9;

    /// <summary>Decay of the second moment; as in the paper's runs.</summary>
    internal const double Beta2 = 0.95;

    /// <summary>1 - beta1^t.</summary>
    internal double FirstCorrection => 1 - Math.Pow(Beta1, Step + 1);

    /// <summary>1 - beta2^t.</summary>
    internal double SecondCorrection => 1 - Math.Pow(Beta2, Step + 1);

    /// <summary>The same for fused kernels.</summary>
    /// <param name="clip">Factor on the gradient.</param>
    internal AdamWStep Fused(double clip) => new((float)clip, (float)Beta1, (float)Beta2, (float)(1 - LearningRate * WeightDecay),
        (float)(LearningRate / FirstCorrection), (float)(1 / Math.Sqrt(SecondCorrection)), (float)Epsilon);
}
