namespace MaskLlm.Learning;

/// <summary>What a run is expected to have resident at its peak.</summary>
/// <param name="Parts">By use.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPart> Parts)
{
    /// <summary>All parts together.</summary>
    public long TotalBytes => (long)Parts.Sum(part => part.Bytes);
}
