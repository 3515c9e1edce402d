namespace MaskLlm.Serving;

/// <summary>Why a request in good order is not served.</summary>
internal enum RefusalReason
{
    /// <summary>As many wait as may.</summary>
    QueueFull,

    /// <summary>The server is stopping.</summary>
    Stopping,
}
