namespace MaskLlm.Training;

/// <summary>Learning rate over a run: an optional linear warm-up, then a cosine to a tenth of the peak.</summary>
internal static class CosineSchedule
{
    /// <param name="peak">Highest learning rate.</param>
    /// <param name="step">Counts from 0.</param>
    /// <param name="steps">Length of the run; the floor is what the step after the last would have.</param>
    /// <param name="warmup">Steps of linear warm-up; 0 for none.</param>
    internal static double At(double peak, long step, long steps, long warmup = 0)
    {
        if (step < warmup) return peak * (step + 1) / warmup;
        double way = (double)(step - warmup) / Math.Max(1, steps - warmup);
        double floor = peak / 10;
        return floor + (peak - floor) * 0.5 * (1 + Math.Cos(Math.PI * way));
    }
}
