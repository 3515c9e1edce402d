using MaskLlm.Tasks;

namespace MaskLlm.Measures;

/// <summary>How a model does under one mask.</summary>
/// <param name="Mask">The mask file, or where a runtime file's own is; null for the dense model.</param>
/// <param name="Result">The perplexity of the text; null where none was asked for.</param>
public sealed record EvaluationRow(string? Mask, PerplexityResult? Result)
{
    /// <summary>Share of the choices of experts by routers that the mask changes, 0 to 1, over all tokens of the windows and blocks with
    /// experts; null of the dense model and of one without experts.</summary>
    public double? RouterChoicesChanged { get; init; }

    /// <summary>Tasks, and groups of them; empty where none was asked for.</summary>
    public IReadOnlyList<TaskScore> Tasks { get; init; } = [];
}
