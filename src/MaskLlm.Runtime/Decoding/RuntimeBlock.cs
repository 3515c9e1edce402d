using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>A linear layer: packed weights and a bias.</summary>
/// <param name="Name">The checkpoint's name of the weight.</param>
/// <param name="Weight">(O, I).</param>
/// <param name="Bias">(O), or null.</param>
internal sealed record RuntimeLinear(string Name, PackedMatrix Weight, float[]? Bias);

/// <summary>What one block of the decoder is made of.</summary>
internal sealed record RuntimeBlock
{
    internal required RuntimeLinear Query { get; init; }

    internal required RuntimeLinear Key { get; init; }

    internal required RuntimeLinear Value { get; init; }

    internal required RuntimeLinear Output { get; init; }

    internal required RuntimeLinear Gate { get; init; }

    internal required RuntimeLinear Up { get; init; }

    internal required RuntimeLinear Down { get; init; }

    /// <summary>(D).</summary>
    internal required float[] InputNorm { get; init; }

    /// <summary>(D).</summary>
    internal required float[] PostAttentionNorm { get; init; }

    /// <summary>(head size), or null.</summary>
    internal required float[]? QueryNorm { get; init; }

    /// <summary>(head size), or null.</summary>
    internal required float[]? KeyNorm { get; init; }

    /// <summary>Tokens that attention sees, or null for all.</summary>
    internal required int? Window { get; init; }

    /// <summary>In the order of the forward pass.</summary>
    internal IReadOnlyList<RuntimeLinear> Linears => [Query, Key, Value, Output, Gate, Up, Down];
}
