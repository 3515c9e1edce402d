namespace MaskLlm.Serving.Http;

/// <summary>What a text begins with.</summary>
/// <param name="Ids">Its tokens.</param>
/// <param name="IsTurn">Whether the answer is a turn of its own, which does not go on within the prompt's last word or line.</param>
internal sealed record TextPrompt(IReadOnlyList<int> Ids, bool IsTurn);
