namespace MaskLlm.Priors;

/// <summary>What <see cref="LayerInputs"/> keeps.</summary>
internal enum InputDetail
{
    /// <summary>The sum of squares of each input.</summary>
    Squares,

    /// <summary>Products of all inputs of the pruned model with each other.</summary>
    Products,

    /// <summary>And of the dense model's with them.</summary>
    Cross,
}
