namespace MaskLlm.MaskKernels;

/// <summary>Whether a loop over groups draws noise: decided when the loop is compiled, so that the one without has no trace of
/// it.</summary>
internal interface IScoreNoise
{
    /// <summary>Whether z = (kappa p + g) / tau; otherwise z = kappa p / tau.</summary>
    static abstract bool IsDrawn { get; }
}
