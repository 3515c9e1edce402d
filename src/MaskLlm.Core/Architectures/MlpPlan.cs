namespace MaskLlm.Architectures;

/// <summary>The matrices of one MLP, by the checkpoint's names.</summary>
/// <param name="Gate">Null in an MLP without a gate.</param>
/// <param name="Up">From the width of the residual sum to its own.</param>
/// <param name="Down">Back.</param>
internal sealed record MlpPlan(LinearSlice? Gate, LinearSlice Up, LinearSlice Down)
{
    /// <summary>In the order of the forward pass.</summary>
    internal IEnumerable<LinearSlice> Slices => new[] { Gate, Up, Down }.OfType<LinearSlice>();
}
