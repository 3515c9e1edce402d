using MaskLlm.Architectures;

namespace MaskLlm.Decoding;

/// <summary>The matrices of one MLP.</summary>
/// <param name="Gate">Null in an MLP without a gate.</param>
/// <param name="Up">(F, D).</param>
/// <param name="Down">(D, F).</param>
internal sealed record RuntimeMlp(RuntimeLinear? Gate, RuntimeLinear Up, RuntimeLinear Down)
{
    /// <summary>In the order of the forward pass.</summary>
    internal IEnumerable<RuntimeLinear> Linears => new[] { Gate, Up, Down }.OfType<RuntimeLinear>();
}

/// <summary>The experts of a block and what chooses among them.</summary>
internal sealed record RuntimeExperts
{
    internal required ExpertsConfig Config { get; init; }

    /// <summary>(E, D).</summary>
    internal required float[] Router { get; init; }

    /// <summary>(E), or null.</summary>
    internal required float[]? RouterBias { get; init; }

    /// <summary>(E), added to scores for the choice, or null.</summary>
    internal required float[]? Correction { get; init; }

    /// <summary>(D), of the MLP that every token goes through, or null.</summary>
    internal required float[]? SharedGate { get; init; }

    internal required RuntimeMlp[] Mlps { get; init; }
}
