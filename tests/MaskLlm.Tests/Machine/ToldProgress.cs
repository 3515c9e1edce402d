using MaskLlm.Machine;

namespace MaskLlm.Tests.Machine;

/// <summary>Everything that a run told, in order; and what is looked at each time.</summary>
internal sealed class ToldProgress(Action<Progress>? also = null) : IProgress<Progress>
{
    internal List<Progress> All { get; } = [];

    /// <summary>Without the tokenising, which is told of by time.</summary>
    internal IEnumerable<Progress> Steps => All.Where(told => !told.Phase.StartsWith("tokenising", StringComparison.Ordinal));

    public void Report(Progress value)
    {
        All.Add(value);
        also?.Invoke(value);
    }
}
