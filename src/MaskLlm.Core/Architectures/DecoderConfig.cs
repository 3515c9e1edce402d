using MaskLlm.Architectures.Families;

namespace MaskLlm.Architectures;

/// <summary>
/// The parts of a decoder-only transformer, chosen once from a checkpoint's <c>config.json</c>. A family of models is
/// a reading of that file into this record (<c>Families/</c>).
/// </summary>
public sealed record DecoderConfig
{
    /// <summary>The <c>model_type</c> of the checkpoint.</summary>
    public required string Family { get; init; }

    /// <summary>Width D of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the MLP, in blocks that have no experts.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The mixture in the place of the MLP; null where every token goes through all weights.</summary>
    public ExpertsConfig? Experts { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Number of key-value heads; divides <see cref="HeadCount"/>.</summary>
    public required int KeyValueHeadCount { get; init; }

    /// <summary>Dimensions of a head; with <see cref="Latent"/> of queries and keys.</summary>
    public required int HeadSize { get; init; }

    /// <summary>What heads are made of; null where they are made of the residual sum.</summary>
    public LatentConfig? Latent { get; init; }

    /// <summary>Number of rows V of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence that the model was made for, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Added to the mean square, or the variance, of what is normalised.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Rotary position embedding; null where positions are learned (GPT-2) or weaken attention (BLOOM).</summary>
    public required RotaryConfig? Rotary { get; init; }

    /// <summary>That of blocks with a window, where it is another (Gemma 3).</summary>
    public RotaryConfig? WindowRotary { get; init; }

    /// <summary>Per block whether positions turn queries and keys; empty: in all (Cohere 2 and SmolLM3 leave some out).</summary>
    public IReadOnlyList<bool> RotatedBlocks { get; init; } = [];

    /// <summary>Whether attention weakens with the distance of tokens, in each head at a rate of its own (ALiBi, Press et al.
    /// 2021).</summary>
    public bool HasAlibi { get; init; }

    /// <summary>Rows of learned positions that lie before the first token's (OPT: 2).</summary>
    public int PositionOffset { get; init; }

    /// <summary>What norms divide by.</summary>
    public NormKind Norm { get; init; }

    /// <summary>Whether norms by mean and variance have a bias; Cohere's have none.</summary>
    public bool NormBias { get; init; } = true;

    /// <summary>Whether norms multiply by one plus their weight (Gemma, Nemotron).</summary>
    public bool NormAddsOne { get; init; }

    /// <summary>The function between the matrices of the MLP.</summary>
    public Activation Activation { get; init; }

    /// <summary>Multiplies the embedding.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Multiplies the products of queries and keys; null for 1 / sqrt(<see cref="HeadSize"/>).</summary>
    public double? AttentionScale { get; init; }

    /// <summary>Whether block i, from 0, also divides them by i + 1 (GPT-2).</summary>
    public bool AttentionScaleFallsByBlock { get; init; }

    /// <summary>c of c tanh(x / c), which those products x go through; null for none (Gemma 2).</summary>
    public double? AttentionSoftCap { get; init; }

    /// <summary>Multiplies what attention and MLP add to the residual sum (Granite).</summary>
    public double ResidualMultiplier { get; init; } = 1;

    /// <summary>Whether attention and MLP read the same sum (GPT-NeoX), and not one what the other left.</summary>
    public bool IsParallel { get; init; }

    /// <summary>Divides the logits (Granite).</summary>
    public double LogitDivisor { get; init; } = 1;

    /// <summary>c of c tanh(x / c), which logits x go through; null for none (Gemma 2).</summary>
    public double? LogitSoftCap { get; init; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the head has a bias (GPT-J).</summary>
    public bool HeadBias { get; init; }

    /// <summary>Whether the query, key and value projections have a bias.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether the output projection of attention has a bias.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Whether the projections of the MLP have a bias.</summary>
    public bool MlpBias { get; init; }

    /// <summary>What is normalised of queries and keys.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>Per block the number of tokens that attention sees, itself included; null for all before it. Empty: null
    /// everywhere.</summary>
    public IReadOnlyList<int?> SlidingWindows { get; init; } = [];

    /// <summary>Checks that every number is in its range and that the sizes fit each other.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public void Validate() => Validate("config.json: ");

    /// <summary>The same, with what messages begin with.</summary>
    internal void Validate(string where)
    {
        (string Name, double Value)[] numbers =
        [
            ("hidden_size", HiddenSize), ("intermediate_size", IntermediateSize), ("num_hidden_layers", BlockCount),
            ("num_attention_heads", HeadCount), ("num_key_value_heads", KeyValueHeadCount), ("head_dim", HeadSize),
            ("vocab_size", VocabularySize), ("max_position_embeddings", MaxPositions), ("rms_norm_eps", NormEpsilon),
        ];
        foreach ((string name, double value) in numbers) ConfigRange.Require(where, name, value);
        foreach (int? window in SlidingWindows)
            if (window is { } tokens) ConfigRange.Require(where, "sliding_window", tokens);
        Experts?.Validate(where);
        Latent?.Validate(where);
        if (HeadCount % KeyValueHeadCount != 0)
            throw new InvalidDataException(
                $"{where}num_attention_heads {HeadCount} is not a multiple of num_key_value_heads {KeyValueHeadCount}.");
        foreach (RotaryConfig? rotary in new[] { Rotary, WindowRotary })
        {
            if (rotary is null) continue;
            ConfigRange.Require(where, "rope_theta", rotary.Theta);
            string key = Latent is null ? "head_dim" : "qk_rope_head_dim";
            int turned = rotary.Dimensions(RotarySize), pairs = rotary.Pairs(RotarySize);
            if (2 * pairs > RotarySize)
                throw new InvalidDataException($"{where}{key} is {RotarySize}; rotary embedding needs an even number.");
            if (turned < 1 || (turned % 2 != 0 && rotary.Scaling is { Kind: RotaryScalingKind.Yarn or RotaryScalingKind.LongRope }))
                throw new InvalidDataException(
                    $"{where}of {key} {RotarySize} partial_rotary_factor leaves {turned} to turn; at least 1 is needed, with yarn and "
                    + "longrope an even number.");
            if (rotary.Scaling is { Kind: RotaryScalingKind.LongRope } scaling) RequireFactors(where, scaling, pairs);
        }
    }

    private static void RequireFactors(string where, RotaryScaling scaling, int pairs)
    {
        (string, IReadOnlyList<double>)[] lists = [("short_factor", scaling.ShortFactors), ("long_factor", scaling.LongFactors)];
        foreach ((string name, IReadOnlyList<double> factors) in lists)
        {
            if (factors.Count == pairs) continue;
            throw new InvalidDataException(
                $"{where}{name} has {factors.Count} numbers and {pairs} pairs of a head are turned; one for each is needed.");
        }
    }

    /// <summary>Dimensions of a value head.</summary>
    internal int ValueSize => Latent?.ValueSize ?? HeadSize;

    /// <summary>Dimensions of a head that rotary frequencies go by.</summary>
    internal int RotarySize => Latent?.TurnedSize ?? HeadSize;

    /// <summary>Dimensions of a key that each head has of its own.</summary>
    internal int PlainKeySize => HeadSize - (Latent?.TurnedSize ?? 0);

    /// <summary>The mixture of one block; null where it has an MLP alone.</summary>
    internal ExpertsConfig? ExpertsOf(int block) => Experts?.DenseBlocks.Contains(block) == false ? Experts : null;

    /// <summary>The most channels of MLPs that a token goes through in a block.</summary>
    internal int WidthPerToken => Enumerable.Range(0, BlockCount).Max(block => ExpertsOf(block)?.WidthPerToken ?? IntermediateSize);

    /// <summary>The window of one block, or null where attention sees all earlier tokens.</summary>
    public int? SlidingWindow(int block) => block < SlidingWindows.Count ? SlidingWindows[block] : null;

    /// <summary>Whether the rotary embedding turns the first tokens of a longer text otherwise.</summary>
    internal bool RotaryDependsOnLength => new[] { Rotary, WindowRotary }.Any(rotary => rotary?.Scaling?.DependsOnLength == true);

    /// <summary>The rotary embedding of one block, or null.</summary>
    internal RotaryConfig? RotaryOf(int block) =>
        !IsRotated(block) ? null : SlidingWindow(block) is null ? Rotary : WindowRotary ?? Rotary;

    private bool IsRotated(int block) => block >= RotatedBlocks.Count || RotatedBlocks[block];

    /// <summary>What multiplies the products of queries and keys in one block.</summary>
    internal double AttentionScaleOf(int block) =>
        (AttentionScale ?? 1 / Math.Sqrt(HeadSize)) / (AttentionScaleFallsByBlock ? block + 1 : 1);

    /// <summary>What the family calls its tensors.</summary>
    internal TensorNames Names { get; init; } = TensorNames.Llama;

    internal string EmbeddingName => $"{Names.Embedding}.weight";

    /// <summary>Of learned positions, or null.</summary>
    internal string? PositionsName => Names.Positions is { } name ? $"{name}.weight" : null;

    /// <summary>Rows of the learned positions.</summary>
    internal int PositionRows => MaxPositions + PositionOffset;

    /// <summary>Of the head, where it is a tensor of its own.</summary>
    internal string HeadName => $"{Names.Head}.weight";

    /// <summary>Or null.</summary>
    internal string? HeadBiasName => HeadBias ? $"{Names.Head}.bias" : null;

    /// <summary>Of the embedding, or null.</summary>
    internal NormTensors? EmbeddingNorm => Names.EmbeddingNorm is { } name ? BlockPlan.NormOf(this, name, HiddenSize) : null;

    internal NormTensors FinalNorm => BlockPlan.NormOf(this, Names.FinalNorm, HiddenSize);
}
