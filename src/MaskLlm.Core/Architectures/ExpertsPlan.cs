namespace MaskLlm.Architectures;

/// <summary>The experts of a block and what chooses among them, by the checkpoint's names; a router has no mask.</summary>
internal sealed record ExpertsPlan
{
    /// <summary>How they are chosen.</summary>
    internal required ExpertsConfig Config { get; init; }

    /// <summary>(E, D): the logits of the experts are its products.</summary>
    internal required string Router { get; init; }

    /// <summary>(E), or null.</summary>
    internal required string? RouterBias { get; init; }

    /// <summary>(E), added to scores for the choice, or null.</summary>
    internal required string? Correction { get; init; }

    /// <summary>(1, D), of the MLP that every token goes through, or null.</summary>
    internal required string? SharedGate { get; init; }

    /// <summary>E MLPs.</summary>
    internal required IReadOnlyList<MlpPlan> Mlps { get; init; }

    /// <summary>The tensors that are no MLP's.</summary>
    /// <param name="hidden">D.</param>
    internal IEnumerable<(string Name, int[] Shape)> Routing(int hidden)
    {
        yield return (Router, [Config.Count, hidden]);
        if (RouterBias is { } bias) yield return (bias, [Config.Count]);
        if (Correction is { } correction) yield return (correction, [Config.Count]);
        if (SharedGate is { } gate) yield return (gate, [1, hidden]);
    }
}
