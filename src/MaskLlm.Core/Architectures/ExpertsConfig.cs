namespace MaskLlm.Architectures;

/// <summary>What a router's scores are made of its logits by.</summary>
public enum RouterScore
{
    /// <summary>The softmax over all experts.</summary>
    Softmax,

    /// <summary>1 / (1 + exp(-x)) of each.</summary>
    Sigmoid,
}

/// <summary>A mixture of experts in the place of an MLP: a router sends each token through a few of many MLPs (Shazeer et al.
/// 2017).</summary>
public sealed record ExpertsConfig
{
    /// <summary>E, experts of a block.</summary>
    public required int Count { get; init; }

    /// <summary>Experts that a token goes through.</summary>
    public required int PerToken { get; init; }

    /// <summary>Width of one expert.</summary>
    public required int Width { get; init; }

    /// <summary>Width of the MLP that every token goes through beside its experts; 0 where there is none.</summary>
    public int SharedWidth { get; init; }

    /// <summary>Whether what that MLP gives is multiplied by the sigmoid of a product of its input (Qwen2-MoE).</summary>
    public bool SharedIsGated { get; init; }

    /// <summary>What experts are chosen by, and what their outputs are multiplied by.</summary>
    public RouterScore Score { get; init; }

    /// <summary>Whether the scores of a token's experts are divided by their sum.</summary>
    public bool NormalizesChosen { get; init; }

    /// <summary>Multiplies them then.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Whether a number for each expert is added to its score for the choice alone (DeepSeek-V3).</summary>
    public bool HasCorrection { get; init; }

    /// <summary>Whether the router has a bias.</summary>
    public bool RouterBias { get; init; }

    /// <summary>Whether the matrices of experts have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>The largest gate, and the largest size of what it is multiplied by and one is added to; null for an MLP as any other
    /// (gpt-oss).</summary>
    public double? Limit { get; init; }

    /// <summary>With <see cref="Limit"/>: s of x sigmoid(s x), the function of the gate.</summary>
    public double Slope { get; init; } = 1.702;

    /// <summary>Groups of neighbouring experts; a token chooses among those of <see cref="GroupsPerToken"/>, whose two best scores have the
    /// largest sum (DeepSeek-V3).</summary>
    public int Groups { get; init; } = 1;

    /// <summary>As <see cref="Groups"/> says.</summary>
    public int GroupsPerToken { get; init; } = 1;

    /// <summary>Blocks, from 0, that have an MLP and no experts.</summary>
    public IReadOnlyList<int> DenseBlocks { get; init; } = [];

    /// <summary>Channels of MLPs that a token goes through.</summary>
    internal int WidthPerToken => PerToken * Width + SharedWidth;

    /// <summary>Checks that the sizes fit each other.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    internal void Validate(string where)
    {
        if (PerToken > Count)
            throw new InvalidDataException($"{where}num_experts_per_tok is {PerToken} and there are {Count} experts.");
        if (Count % Groups != 0 || GroupsPerToken > Groups || PerToken > Count / Groups * GroupsPerToken)
            throw new InvalidDataException(
                $"{where}{Count} experts in n_group {Groups}, of which topk_group {GroupsPerToken} are looked at, do not give "
                + $"num_experts_per_tok {PerToken}.");
        if (Groups > 1 && Count / Groups < 2)
            throw new InvalidDataException($"{where}n_group {Groups} of {Count} experts leaves one a group; at least 2 are needed.");
    }
}
