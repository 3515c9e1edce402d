using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

/// <summary>Everything that a run told, in order; and what is looked at each time.</summary>
internal sealed class ToldProgress(Action<RunProgress>? also = null) : IProgress<RunProgress>
{
    internal List<RunProgress> All { get; } = [];

    /// <summary>Without the tokenising, which is told of by time.</summary>
    internal IEnumerable<RunProgress> Steps => All.Where(told => !told.Phase.StartsWith("tokenising", StringComparison.Ordinal));

    public void Report(RunProgress value)
    {
        All.Add(value);
        also?.Invoke(value);
    }
}
