namespace MaskLlm.Serving;

/// <summary>A request asks for what can never be served.</summary>
/// <param name="field">What is wrong, as whoever asks calls it.</param>
/// <param name="message">One sentence.</param>
/// <param name="code">OpenAI's word for it, or null.</param>
internal sealed class RequestFieldException(string field, string message, string? code = null) : ArgumentException(message)
{
    /// <summary>What is wrong, as whoever asks calls it.</summary>
    internal string Field { get; } = field;

    /// <summary>OpenAI's word for it, or null.</summary>
    internal string? Code { get; } = code;
}
