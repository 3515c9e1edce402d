using MaskLlm.Patterns;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The candidates of a pattern as a tensor, and the two ways between a weight's layout and a layout by group.</summary>
internal sealed class CandidateTensor : IDisposable
{
    internal CandidateTensor(NmPattern pattern, Device device)
    {
        Pattern = pattern;
        float[] values = new float[pattern.Candidates.Length];
        for (int i = 0; i < values.Length; i++) values[i] = pattern.Candidates[i];
        Candidates = tensor(values, [pattern.CandidateCount, pattern.GroupSize]).to(device).DetachFromDisposeScope();
    }

    internal NmPattern Pattern { get; }

    /// <summary>S, (C, M) float32.</summary>
    internal Tensor Candidates { get; }

    /// <summary>(O, I) to (M, G): column g holds the g-th group.</summary>
    internal static Tensor ToGroups(Tensor weight, NmPattern pattern) => weight.reshape(-1, pattern.GroupSize).t();

    /// <summary>(M, G) to (O, I).</summary>
    internal static Tensor FromGroups(Tensor groups, long rows, long columns) => groups.t().reshape(rows, columns);

    public void Dispose() => Candidates.Dispose();
}
