using System.Text.Json.Nodes;

namespace MaskLlm.Learning;

/// <summary>What a learning step costs beside the dense model's forward and backward pass; medians of one run.</summary>
/// <param name="Kernel">The fused kernel that ran.</param>
/// <param name="Weights">Weights under masks.</param>
/// <param name="Tokens">Tokens a step.</param>
/// <param name="Rows">Sample, backward, update.</param>
/// <param name="DenseStepSeconds">Forward and backward of the dense model, gradients by its linear weights.</param>
/// <param name="LearnStepSeconds">A whole learning step with the fused kernel.</param>
/// <param name="StepRatio">Median over pairs of the learning step by the dense step next to it.</param>
/// <param name="StateBytesPerWeight">Logits and moments.</param>
/// <param name="PeakMemoryBytes">Resident peak of the process up to the end of the first learning steps.</param>
/// <param name="PlannedMemoryBytes">What <c>ExplainMemory</c> says.</param>
public sealed record LearnBenchmarkReport(
    string Kernel, long Weights, long Tokens, IReadOnlyList<LearnBenchmarkRow> Rows, double DenseStepSeconds, double LearnStepSeconds,
        double StepRatio,
    double StateBytesPerWeight, long PeakMemoryBytes, long PlannedMemoryBytes)
{
    /// <summary>Tokens a second of learning.</summary>
    public double TokensPerSecond => Tokens / LearnStepSeconds;

    /// <summary>The report as one object.</summary>
    public JsonObject ToJson() => new()
    {
        ["kernel"] = Kernel,
        ["weights"] = Weights,
        ["tokens"] = Tokens,
        ["rows"] = new JsonArray([.. Rows.Select(row => (JsonNode)new JsonObject
        {
            ["what"] = row.What, ["plain_ns"] = row.PlainNanoseconds, ["fused_ns"] = row.FusedNanoseconds, ["ratio"] = row.Ratio,
        })]),
        ["dense_step_seconds"] = DenseStepSeconds,
        ["learn_step_seconds"] = LearnStepSeconds,
        ["step_ratio"] = StepRatio,
        ["tokens_per_second"] = TokensPerSecond,
        ["state_bytes_per_weight"] = StateBytesPerWeight,
        ["peak_memory_bytes"] = PeakMemoryBytes,
        ["planned_memory_bytes"] = PlannedMemoryBytes,
    };
}
