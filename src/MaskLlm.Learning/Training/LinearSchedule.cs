namespace MaskLlm.Training;

/// <summary>Learning rate of weights under masks: a linear warm-up, then a line to 0.</summary>
internal static class LinearSchedule
{
    /// <param name="peak">Highest learning rate.</param>
    /// <param name="step">Counts from 0.</param>
    /// <param name="steps">Length of the run; the step after the last would have 0.</param>
    /// <param name="warmup">Steps of the warm-up.</param>
    internal static double At(double peak, long step, long steps, long warmup) =>
        peak * Math.Min((step + 1.0) / Math.Max(1, warmup), 1) * (steps - step) / steps;
}
