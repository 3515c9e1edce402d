namespace MaskLlm.Tasks;

/// <summary>Which tasks a model is asked.</summary>
/// <param name="Names">Names of tasks and groups, or files of the user's own tasks.</param>
/// <param name="Folder">Where their data lie.</param>
/// <param name="Limit">Only the first this many documents of each; null for all.</param>
public sealed record TaskSelection(IReadOnlyList<string> Names, string Folder, int? Limit = null);
