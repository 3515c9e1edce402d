namespace MaskLlm.Learning;

/// <summary>What is trained where weights are.</summary>
public enum TrainedParameters
{
    /// <summary>The weights of linear layers.</summary>
    Weights,

    /// <summary>Norms and biases too.</summary>
    Norms,
}
