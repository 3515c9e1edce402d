namespace MaskLlm.Architectures;

/// <summary>What a channel of a linear layer is: the layers that write it and those that read it share its order.</summary>
internal enum Channels
{
    /// <summary>The sum that runs through all blocks: written by the embedding and the outputs of attention and MLP.</summary>
    Residual,

    /// <summary>Dimensions of query heads, read by attention.</summary>
    Query,

    /// <summary>Dimensions of key heads, read by attention.</summary>
    Key,

    /// <summary>Dimensions of value heads, read by attention, and through it by its output.</summary>
    Value,

    /// <summary>The MLP's own.</summary>
    Mlp,

    /// <summary>Of few, which queries are made of.</summary>
    QueryLatent,

    /// <summary>Of few, which keys and values are made of.</summary>
    KeyValueLatent,
}

/// <summary>Which of a block's matrices.</summary>
internal enum LinearRole
{
    /// <summary>Of attention.</summary>
    Query,

    /// <summary>Of attention.</summary>
    Key,

    /// <summary>Of attention.</summary>
    Value,

    /// <summary>Of attention, from all heads.</summary>
    AttentionOutput,

    /// <summary>Of the MLP.</summary>
    Gate,

    /// <summary>Of the MLP.</summary>
    Up,

    /// <summary>Of the MLP.</summary>
    Down,

    /// <summary>Of attention: what queries are made of.</summary>
    QueryLatent,

    /// <summary>Of attention: what keys and values are made of.</summary>
    KeyValueLatent,

    /// <summary>Of attention: the dimensions of keys that are turned and that all heads share.</summary>
    TurnedKey,
}

/// <summary>A weight of the checkpoint that one mask is for: y = x W^T + b.</summary>
/// <param name="Name">The checkpoint's, with <c>.weight</c>.</param>
/// <param name="Rows">O, outputs.</param>
/// <param name="Columns">I, inputs; groups of N:M run along them, however the tensor is stored.</param>
/// <param name="IsTransposed">Whether the checkpoint stores (I, O).</param>
/// <param name="Bias">The bias's name, or null.</param>
internal sealed record LinearTensor(string Name, int Rows, int Columns, bool IsTransposed, string? Bias)
{
    /// <summary>Matrices of as many rows that lie one after another, each with an input of its own: experts. Stored with three
    /// dimensions where there are several.</summary>
    internal int Parts { get; init; } = 1;

    /// <summary>Of its bias.</summary>
    internal int[] BiasShape => Parts == 1 ? [Rows] : [Parts, Rows / Parts];

    /// <summary>How the checkpoint stores it.</summary>
    internal StoredLayout Layout => new(IsTransposed, Parts);

    /// <summary>As the checkpoint stores it.</summary>
    internal int[] StoredShape => [.. Layout.ShapeOf(Rows, Columns).Select(size => (int)size)];
}

/// <summary>One matrix of a block: the rows of a tensor that have one role.</summary>
/// <param name="Role">What it is for.</param>
/// <param name="Tensor">That has it, alone or with others.</param>
/// <param name="Rows">Its outputs.</param>
/// <param name="First">The tensor's row that is its first.</param>
/// <param name="Run">Rows that lie together.</param>
/// <param name="Stride">Rows from the beginning of one run to the next.</param>
internal sealed record LinearSlice(LinearRole Role, LinearTensor Tensor, int Rows, int First, int Run, int Stride)
{
    /// <summary>Which expert's; null of what every token goes through.</summary>
    internal int? Expert { get; init; }

    /// <summary>Whether the tensor is this matrix and no other.</summary>
    internal bool IsWhole => Rows == Tensor.Rows;

    /// <summary>Distinct in the model: the tensor's name, and where it has several roles this one.</summary>
    internal string Name => IsWhole ? Tensor.Name
        : Tensor.Parts == 1 ? $"{Tensor.Name}:{Role}" : $"{Tensor.Name}:{Expert}:{Role}";

    /// <summary>Whose order its inputs share.</summary>
    internal Channels Reads { get; init; } = Role switch
    {
        LinearRole.AttentionOutput => Channels.Value,
        LinearRole.Down => Channels.Mlp,
        _ => Channels.Residual,
    };

    /// <summary>Whose order its outputs share.</summary>
    internal Channels Writes => Role switch
    {
        LinearRole.Query => Channels.Query,
        LinearRole.Key or LinearRole.TurnedKey => Channels.Key,
        LinearRole.Value => Channels.Value,
        LinearRole.Gate or LinearRole.Up => Channels.Mlp,
        LinearRole.QueryLatent => Channels.QueryLatent,
        LinearRole.KeyValueLatent => Channels.KeyValueLatent,
        _ => Channels.Residual,
    };

    /// <summary>The tensor's row of one of its own.</summary>
    internal int TensorRow(int row) => First + row / Run * Stride + row % Run;

    internal static LinearSlice Whole(LinearRole role, LinearTensor tensor) => new(role, tensor, tensor.Rows, 0, tensor.Rows, 0);
}

/// <summary>A norm's tensors.</summary>
/// <param name="Weight">The checkpoint's name.</param>
/// <param name="Bias">The same, or null.</param>
/// <param name="Size">Values normalised together.</param>
internal sealed record NormTensors(string Weight, string? Bias, int Size)
{
    /// <summary>What is added to the mean square, or the variance; null for the decoder's.</summary>
    internal double? Epsilon { get; init; }
}
