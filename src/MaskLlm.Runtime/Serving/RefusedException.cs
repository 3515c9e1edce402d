namespace MaskLlm.Serving;

/// <summary>A request in good order is not served; later or elsewhere it may be.</summary>
/// <param name="reason">Why.</param>
internal sealed class RefusedException(RefusalReason reason) : Exception(reason switch
{
    RefusalReason.QueueFull => "the server has as many requests as it takes; try again later.",
    RefusalReason.BodiesFull => "the server is reading as much as it takes at once; try again later.",
    _ => "the server is stopping.",
})
{
    /// <summary>Why.</summary>
    internal RefusalReason Reason { get; } = reason;
}
