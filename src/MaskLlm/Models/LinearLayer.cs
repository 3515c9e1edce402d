using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One linear layer of a block: y = x W^T + b.</summary>
public sealed class LinearLayer
{
    internal LinearLayer(string name, Tensor weight, Tensor? bias) => (Name, Weight, Bias) = (name, weight, bias);

    /// <summary>The checkpoint's name of the weight, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>What the forward pass multiplies by, (O, I). Learning and evaluation put a masked weight in its place; the setter takes no ownership.</summary>
    public Tensor Weight { get; set; }

    /// <summary>(O), or null.</summary>
    public Tensor? Bias { get; }

    /// <summary>Outputs O.</summary>
    public int Rows => (int)Weight.size(0);

    /// <summary>Inputs I.</summary>
    public int Columns => (int)Weight.size(1);

    internal Tensor Call(Tensor x) => nn.functional.linear(x, Weight, Bias);   // (..., I) -> (..., O)
}
