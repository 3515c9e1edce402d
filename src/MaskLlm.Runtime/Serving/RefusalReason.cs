namespace MaskLlm.Serving;

/// <summary>Why a request in good order is not served.</summary>
internal enum RefusalReason
{
    /// <summary>As many wait as may.</summary>
    QueueFull,

    /// <summary>As much is being read and encoded as may.</summary>
    BodiesFull,

    /// <summary>The server is stopping.</summary>
    Stopping,
}
