namespace MaskLlm.Experiments;

/// <summary>How long the arms that are left will take, from those that were done.</summary>
/// <param name="arms">All of them.</param>
/// <param name="texts">What each is measured on.</param>
internal sealed class ArmCosts(IReadOnlyList<Arm> arms, EvaluationTexts texts)
{
    // In forward passes of a token: a backward pass costs two, and a pass for the masks and the optimizer is counted as one more.
    private const double LearningPasses = 4, CalibrationPasses = 3;

    private double _seconds, _passes;

    /// <summary>Counts an arm that took a time.</summary>
    internal void Add(Arm arm, double seconds)
    {
        _seconds += seconds;
        _passes += Passes(arm);
    }

    /// <summary>For the arms that are not done.</summary>
    internal TimeSpan Left(IReadOnlySet<string> done) =>
        TimeSpan.FromSeconds(_passes == 0 ? 0 : _seconds / _passes * arms.Where(arm => !done.Contains(arm.Slug)).Sum(Passes));

    private double Passes(Arm arm) => arm.Texts.Sum(texts.Tokens)
        + (arm.Prune is { Data: not null } prune ? CalibrationPasses * prune.Samples * prune.SequenceLength!.Value : 0)
        + (arm.Learn?.Options is { } options
            ? (LearningPasses + (options.RunsDenseModel ? 1 : 0)) * options.Steps * options.BatchSize * options.SequenceLength : 0);
}
