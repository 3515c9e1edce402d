namespace MaskLlm.Serving;

/// <summary>Why a text ended.</summary>
internal enum FinishReason
{
    /// <summary>The model ended it, or a stop text came.</summary>
    Stop,

    /// <summary>It has as many tokens as were asked for.</summary>
    Length,
}
