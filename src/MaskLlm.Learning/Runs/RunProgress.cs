namespace MaskLlm.Runs;

/// <summary>Where a long operation stands.</summary>
/// <param name="Phase">What is being done, such as <c>learning</c>.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Detail">Figures of the moment, for a person; null for none.</param>
public sealed record RunProgress(string Phase, long Done, long Total, string? Detail = null);
