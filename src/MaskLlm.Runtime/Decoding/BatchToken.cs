namespace MaskLlm.Decoding;

/// <summary>A token to run through the decoder.</summary>
/// <param name="Cache">Its sequence; the token comes after all that were given for it before.</param>
/// <param name="Id">The token.</param>
/// <param name="WantsLogits">Whether the logits of the token after it are wanted.</param>
public readonly record struct BatchToken(KeyValueCache Cache, int Id, bool WantsLogits);
