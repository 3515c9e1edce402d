namespace MaskLlm.Learning;

/// <summary>What changes over a run, as pure functions of the step.</summary>
/// <remarks>MaskLLM App. B and its code: step s of S sits at s/S of the way, so the end itself is never reached.</remarks>
internal static class Schedules
{
    /// <summary>kappa or tau at a step.</summary>
    internal static double At(ScheduleRange range, ScheduleKind kind, long step, long steps)
    {
        double way = (double)step / steps;
        return kind == ScheduleKind.Linear
            ? range.Start + (range.End - range.Start) * way
            : range.Start * Math.Pow(range.End / range.Start, way);
    }

    /// <summary>lambda: falls linearly to 0. The paper does not say so; its code does.</summary>
    internal static double WeightReward(double first, long step, long steps) => first * (1 - (double)step / steps);
}
