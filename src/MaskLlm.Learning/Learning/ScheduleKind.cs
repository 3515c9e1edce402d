namespace MaskLlm.Learning;

/// <summary>How kappa and tau move between their ends.</summary>
public enum ScheduleKind
{
    /// <summary>The same difference every step (the paper's code).</summary>
    Linear,

    /// <summary>The same ratio every step.</summary>
    Exponential,
}
