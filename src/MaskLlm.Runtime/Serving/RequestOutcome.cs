namespace MaskLlm.Serving;

/// <summary>What became of a request.</summary>
internal enum RequestOutcome
{
    /// <summary>Answered; the model or a stop text ended the text.</summary>
    Stop,

    /// <summary>Answered; the text has as many tokens as were asked for.</summary>
    Length,

    /// <summary>Who asked went away.</summary>
    Cancelled,

    /// <summary>Refused for what it asks.</summary>
    Invalid,

    /// <summary>Refused for its key.</summary>
    Unauthorized,

    /// <summary>Refused as the queue is full.</summary>
    Busy,

    /// <summary>Refused, or cut off, as the server is stopping.</summary>
    Stopping,

    /// <summary>An error of the server.</summary>
    Failed,
}
