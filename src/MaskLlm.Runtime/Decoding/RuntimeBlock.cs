using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>A linear layer: packed weights and a bias.</summary>
/// <param name="Name">The checkpoint's name of the weight.</param>
/// <param name="Weight">(O, I).</param>
/// <param name="Bias">(O), or null.</param>
internal sealed record RuntimeLinear(string Name, PackedMatrix Weight, float[]? Bias);

/// <summary>A norm's numbers.</summary>
/// <param name="Weight">What the normalised values are multiplied by; where the family adds one to its weights it is added.</param>
/// <param name="Bias">Added then, or null.</param>
/// <param name="Epsilon">Added to the mean square, or the variance.</param>
internal sealed record RuntimeNorm(float[] Weight, float[]? Bias, double Epsilon);

/// <summary>What makes the latents that heads are made of.</summary>
/// <param name="Query">(queries' rank, D); null where queries are made of what attention reads.</param>
/// <param name="QueryNorm">Of the queries' latents, or null.</param>
/// <param name="KeyValue">(rank, D).</param>
/// <param name="KeyValueNorm">Of the latents of keys and values.</param>
/// <param name="TurnedKey">(turned, D): the dimensions of keys that all heads share.</param>
internal sealed record RuntimeLatent(
    RuntimeLinear? Query, RuntimeNorm? QueryNorm, RuntimeLinear KeyValue, RuntimeNorm KeyValueNorm, RuntimeLinear TurnedKey)
{
    /// <summary>In the order of the forward pass.</summary>
    internal IEnumerable<RuntimeLinear> Linears => new[] { Query, KeyValue, TurnedKey }.OfType<RuntimeLinear>();
}

/// <summary>What one block of the decoder is made of.</summary>
internal sealed record RuntimeBlock
{
    /// <summary>Null where heads are made of what attention reads.</summary>
    internal required RuntimeLatent? Latent { get; init; }

    internal required RuntimeLinear Query { get; init; }

    internal required RuntimeLinear Key { get; init; }

    internal required RuntimeLinear Value { get; init; }

    internal required RuntimeLinear Output { get; init; }

    /// <summary>What every token goes through; null where there are experts alone.</summary>
    internal required RuntimeMlp? Mlp { get; init; }

    /// <summary>Null in a dense block.</summary>
    internal required RuntimeExperts? Experts { get; init; }

    /// <summary>Of what attention reads.</summary>
    internal required RuntimeNorm? InputNorm { get; init; }

    /// <summary>Of what attention gives.</summary>
    internal required RuntimeNorm? AttentionNorm { get; init; }

    /// <summary>Of what the MLP reads.</summary>
    internal required RuntimeNorm? MlpNorm { get; init; }

    /// <summary>Of what the MLP gives.</summary>
    internal required RuntimeNorm? OutputNorm { get; init; }

    internal required RuntimeNorm? QueryNorm { get; init; }

    internal required RuntimeNorm? KeyNorm { get; init; }

    /// <summary>(H): a logit that no token has, or null.</summary>
    internal required float[]? Sinks { get; init; }

    /// <summary>Multiplies the products of queries and keys.</summary>
    internal required float Scale { get; init; }

    /// <summary>Tokens that attention sees, or null for all.</summary>
    internal required int? Window { get; init; }

    /// <summary>Whether positions turn queries and keys.</summary>
    internal required bool IsRotated { get; init; }

    /// <summary>In the order of the forward pass.</summary>
    internal IReadOnlyList<RuntimeLinear> Linears =>
        [
            .. Latent?.Linears ?? [], Query, Key, Value, Output, .. Mlp?.Linears ?? [],
            .. (Experts?.Mlps ?? []).SelectMany(mlp => mlp.Linears),
        ];
}
