namespace MaskLlm.Evaluation;

/// <summary>What one part of a model loses when it alone is sparse.</summary>
/// <param name="Part">The block, such as <c>model.layers.3</c>, or the kind of linear layer, such as <c>q_proj</c>.</param>
/// <param name="Skip">The <c>Skip</c> pattern that leaves it dense.</param>
/// <param name="Weights">Weights of it under a mask.</param>
/// <param name="Perplexity">With the masks of this part only.</param>
/// <param name="Increase">ln of that minus ln of the dense perplexity, in nats a token; negative where the mask helps.</param>
public sealed record SensitivityRow(string Part, string Skip, long Weights, double Perplexity, double Increase);
