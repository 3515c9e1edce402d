namespace MaskLlm.Evaluation;

/// <summary>The speed of one task.</summary>
/// <param name="Task">Its name.</param>
/// <param name="Documents">How many.</param>
/// <param name="Requests">Continuations of all of them.</param>
/// <param name="PerSecond">Documents a second where contexts are run once and texts of similar length together.</param>
/// <param name="NaivePerSecond">The same with one forward pass a continuation.</param>
/// <param name="LargestDifference">Of a log-likelihood between the two, in nats.</param>
public sealed record TaskBenchmarkRow(string Task, int Documents, int Requests, double PerSecond, double NaivePerSecond,
    double LargestDifference)
{
    /// <summary>How many times as fast.</summary>
    public double Ratio => PerSecond / NaivePerSecond;
}
