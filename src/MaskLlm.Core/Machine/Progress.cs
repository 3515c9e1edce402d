namespace MaskLlm.Machine;

/// <summary>Where a long operation stands; who does the work names what it does.</summary>
/// <param name="Phase">What is being done, such as <c>learning</c>.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Detail">Figures of the moment, for a person; null for none.</param>
public sealed record Progress(string Phase, long Done, long Total, string? Detail = null);
