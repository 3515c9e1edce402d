namespace MaskLlm.Tasks;

/// <summary>What a model is asked: how likely a continuation is behind a context.</summary>
/// <param name="Context">The text so far; may be empty.</param>
/// <param name="Continuation">What follows, with the space that begins it.</param>
public sealed record TaskRequest(string Context, string Continuation);
