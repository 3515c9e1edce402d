namespace MaskLlm.Learning;

/// <summary>What the logits of a group are of.</summary>
public enum Parametrization
{
    /// <summary>C logits, one for each mask that the pattern allows (MaskLLM).</summary>
    Candidates,

    /// <summary>M logits, one for each weight; N are drawn without replacement (RoI, arXiv 2608.23048).</summary>
    Items,
}
