using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>One linear layer of a block: y = x W^T + b.</summary>
public sealed class LinearLayer
{
    private readonly Func<Tensor>? _read;
    private readonly ScalarType _type;
    private Tensor? _weight;
    private int _holds;

    internal LinearLayer(string name, Tensor weight, Tensor? bias)
        : this(new LinearTensor(name, (int)weight.size(0), (int)weight.size(1), IsTransposed: false, null), bias) => _weight = weight;

    internal LinearLayer(LinearTensor tensor, Tensor weight, Tensor? bias)
        : this(tensor, bias) => _weight = weight;

    /// <summary>A layer whose weight stays in its file but while it is held.</summary>
    /// <param name="tensor">Name and shape.</param>
    /// <param name="type">Of the weight, once it is read.</param>
    /// <param name="read">Gives the weight, (O, I), of no scope.</param>
    /// <param name="bias">(O), or null.</param>
    internal LinearLayer(LinearTensor tensor, ScalarType type, Func<Tensor> read, Tensor? bias)
        : this(tensor, bias) => (_type, _read) = (type, read);

    private LinearLayer(LinearTensor tensor, Tensor? bias)
    {
        (Name, Rows, Columns, Layout) = (tensor.Name, tensor.Rows, tensor.Columns, tensor.Layout);
        Bias = bias;
    }

    /// <summary>Whether the checkpoint, and files of masks, have (I, O) where <see cref="Weight"/> is (O, I).</summary>
    public bool IsStoredTransposed => Layout.IsTransposed;

    /// <summary>Matrices of as many rows that lie one after another in <see cref="Weight"/>, each with an input of its own: experts that
    /// the checkpoint has in one tensor.</summary>
    public int Parts => Layout.Parts;

    /// <summary>Of the checkpoint, and of files of masks.</summary>
    internal StoredLayout Layout { get; }

    /// <summary>The checkpoint's name of the weight, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>What the forward pass multiplies by, (O, I), in float32 or bfloat16 whatever the inputs are.</summary>
    /// <exception cref="InvalidOperationException">It is in its file, and nothing holds the layer.</exception>
    public Tensor Weight
    {
        get => _weight ?? throw new InvalidOperationException($"{Name} is in its file; hold the layer first.");
        internal set => _weight = value;
    }

    /// <summary>(O), of several matrices (parts, O / parts), or null.</summary>
    public Tensor? Bias { get; }

    /// <summary>Outputs O.</summary>
    public int Rows { get; }

    /// <summary>Inputs I.</summary>
    public int Columns { get; }

    /// <summary>Of the weight while it is in memory.</summary>
    internal ScalarType Type => _weight?.dtype ?? _type;

    /// <summary>Bytes of the weight while it is in memory.</summary>
    internal long WeightBytes => (long)Rows * Columns * Precision.BytesOf(Type);

    /// <summary>Whether the weight is in its file but while the layer is held.</summary>
    internal bool IsStreamed => _read is not null;

    /// <summary>Whether the weight is in memory now.</summary>
    internal bool IsHeld => _weight is not null;

    /// <summary>What is made of the weight when it is read, in its place; null for nothing.</summary>
    internal Action<Tensor>? Arrives { get; set; }

    /// <summary>Has the weight in memory until the last hold of it ends; one that is there always is left alone.</summary>
    internal IDisposable Hold()
    {
        if (_read is not null && _holds++ == 0)
        {
            _weight = _read();
            Arrives?.Invoke(_weight);
        }
        return new LayerHold(this);
    }

    /// <summary>Puts another weight in this one's place, as learning and evaluation do with masked ones, until the loan ends.</summary>
    /// <param name="weight">(O, I); it stays the caller's, unless the loan owns it.</param>
    /// <param name="isOwned">Whether the end of the loan frees it.</param>
    /// <returns>What gives the layer its weight back; loans of one layer end in the reverse order.</returns>
    public WeightLoan Lend(Tensor weight, bool isOwned = false) => new(this, weight, isOwned);

    /// <summary>Told the inputs of every call, (..., I), and which of the matrices they go into: calibration looks at them.</summary>
    internal Action<Tensor, int>? Observe { get; set; }

    /// <summary>Takes a layer of several matrices apart for some calls, of the caller's scope: once, as each time autograd would make a
    /// gradient of all of them.</summary>
    /// <returns>(O / parts, I) each.</returns>
    internal Tensor[] Matrices() => Parts == 1 ? [Weight] : Weight.view(Parts, Rows / Parts, Columns).unbind(0);

    /// <summary>What belongs to the inputs of each matrix, by row of the weight where there are several; of the caller's scope.</summary>
    /// <param name="values">(I), of several matrices (parts, I).</param>
    internal Tensor ByRow(Tensor values) => Parts == 1 ? values.alias() : values.repeat_interleave(Rows / Parts, 0);

    /// <param name="x">(..., I) in float32 or bfloat16; a weight or bias of the other type is converted for the call.</param>
    /// <returns>(..., O) in the type of <paramref name="x"/>.</returns>
    internal Tensor Call(Tensor x) => Call(x, Weight, 0);

    /// <summary>One matrix of several.</summary>
    /// <param name="x">(..., I).</param>
    /// <param name="matrix">Of <see cref="Matrices"/>.</param>
    /// <param name="part">Which of them.</param>
    /// <returns>(..., O / parts) in the type of <paramref name="x"/>.</returns>
    internal Tensor Call(Tensor x, Tensor matrix, int part)
    {
        Observe?.Invoke(x, part);
        if (Bias is null) return Product(x, matrix, null);
        using Tensor own = Parts == 1 ? Bias.alias() : Bias.select(0, part);
        if (own.dtype == x.dtype) return Product(x, matrix, own);
        using Tensor bias = own.to(x.dtype);
        return Product(x, matrix, bias);
    }

    private static Tensor Product(Tensor x, Tensor matrix, Tensor? bias)
    {
        if (matrix.dtype == x.dtype) return nn.functional.linear(x, matrix, bias);
        // Without gradients the copy dies here, so one layer's is alive at a time; with them the graph keeps it.
        using Tensor converted = matrix.to(x.dtype);
        return nn.functional.linear(x, converted, bias);
    }

    private void Release()
    {
        if (_read is null || --_holds > 0) return;
        _weight!.Dispose();
        _weight = null;
    }

    private sealed class LayerHold(LinearLayer layer) : IDisposable
    {
        private bool _isOver;

        public void Dispose()
        {
            if (_isOver) return;
            _isOver = true;
            layer.Release();
        }
    }
}
