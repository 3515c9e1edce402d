using MaskLlm.Chat;
using MaskLlm.Tokens;

namespace MaskLlm.Serving.Http;

/// <summary>What the endpoints share.</summary>
/// <param name="Name">As requests name it.</param>
/// <param name="Tokenizer">Of the model.</param>
/// <param name="Chat">How it wants conversations, or null.</param>
/// <param name="Batch">Where requests run.</param>
/// <param name="FreePositions">Positions of the cache that no text holds.</param>
internal sealed record ServedModel(string Name, Tokenizer Tokenizer, ChatFormat? Chat, TextBatch Batch, Func<long> FreePositions)
{
    /// <summary>When it was opened, in seconds since 1970.</summary>
    internal long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
}
