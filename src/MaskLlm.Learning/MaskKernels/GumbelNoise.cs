namespace MaskLlm.MaskKernels;

/// <summary>Scores with Gumbel noise.</summary>
internal readonly struct GumbelNoise : IScoreNoise
{
    public static bool IsDrawn => true;
}
