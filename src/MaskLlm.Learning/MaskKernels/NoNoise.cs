namespace MaskLlm.MaskKernels;

/// <summary>Scores as the logits have them.</summary>
internal readonly struct NoNoise : IScoreNoise
{
    public static bool IsDrawn => false;
}
