namespace MaskLlm.Serving;

/// <summary>A request asks for what can never be served.</summary>
/// <param name="field">What is wrong, as whoever asks calls it.</param>
/// <param name="message">One sentence.</param>
internal sealed class RequestFieldException(string field, string message) : ArgumentException(message)
{
    /// <summary>What is wrong, as whoever asks calls it.</summary>
    internal string Field { get; } = field;
}
