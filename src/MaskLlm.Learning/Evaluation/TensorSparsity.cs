using MaskLlm.Patterns;

namespace MaskLlm.Evaluation;

/// <summary>What is kept of one weight matrix.</summary>
/// <param name="Name">The checkpoint's name.</param>
/// <param name="Shape">Rows and columns; null where only the flat bits are known.</param>
/// <param name="Pattern">The tightest N:M that every group keeps exactly; null where there is none.</param>
/// <param name="Density">The share of weights kept, 0 to 1.</param>
/// <param name="Violations">
/// Groups that do not keep exactly N of M of the report's pattern, 2:4 where that is null. Every group of a matrix whose
/// columns are no multiple of M counts.
/// </param>
public sealed record TensorSparsity(string Name, (int Rows, int Columns)? Shape, NmPattern? Pattern, double Density, long Violations);
