using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One linear layer of a block: y = x W^T + b.</summary>
public sealed class LinearLayer
{
    internal LinearLayer(string name, Tensor weight, Tensor? bias) => (Name, Weight, Bias) = (name, weight, bias);

    internal LinearLayer(LinearTensor tensor, Tensor weight, Tensor? bias)
        : this(tensor.Name, weight, bias) => IsStoredTransposed = tensor.IsTransposed;

    /// <summary>Whether the checkpoint, and files of masks, have (I, O) where <see cref="Weight"/> is (O, I).</summary>
    public bool IsStoredTransposed { get; }

    /// <summary>The checkpoint's name of the weight, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>What the forward pass multiplies by, (O, I), in float32 or bfloat16 whatever the inputs are.</summary>
    public Tensor Weight { get; internal set; }

    /// <summary>(O), or null.</summary>
    public Tensor? Bias { get; }

    /// <summary>Outputs O.</summary>
    public int Rows => (int)Weight.size(0);

    /// <summary>Inputs I.</summary>
    public int Columns => (int)Weight.size(1);

    /// <summary>Puts another weight in this one's place, as learning and evaluation do with masked ones, until the loan ends.</summary>
    /// <param name="weight">(O, I); it stays the caller's, unless the loan owns it.</param>
    /// <param name="isOwned">Whether the end of the loan frees it.</param>
    /// <returns>What gives the layer its weight back; loans of one layer end in the reverse order.</returns>
    public WeightLoan Lend(Tensor weight, bool isOwned = false) => new(this, weight, isOwned);

    /// <summary>Told the inputs of every call, (..., I): calibration looks at them.</summary>
    internal Action<Tensor>? Observe { get; set; }

    /// <param name="x">(..., I) in float32 or bfloat16; a weight or bias of the other type is converted for the call.</param>
    /// <returns>(..., O) in the type of <paramref name="x"/>.</returns>
    internal Tensor Call(Tensor x)
    {
        Observe?.Invoke(x);
        if (Bias is null || Bias.dtype == x.dtype) return Call(x, Bias);
        using Tensor bias = Bias.to(x.dtype);
        return Call(x, bias);
    }

    private Tensor Call(Tensor x, Tensor? bias)
    {
        if (Weight.dtype == x.dtype) return nn.functional.linear(x, Weight, bias);
        // Without gradients the copy dies here, so one layer's is alive at a time; with them the graph keeps it.
        using Tensor converted = Weight.to(x.dtype);
        return nn.functional.linear(x, converted, bias);
    }
}
