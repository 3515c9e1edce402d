namespace MaskLlm.Tasks;

/// <summary>Which tasks a model is asked.</summary>
/// <param name="Tasks">Names of tasks and groups, or files of the user's own tasks.</param>
/// <param name="TaskData">The folder of their data.</param>
/// <param name="Limit">Only the first this many documents of each; null for all.</param>
public sealed record TaskSelection(IReadOnlyList<string> Tasks, string TaskData, int? Limit = null);
