using MaskLlm.Data;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>A one-shot pruning run: what, how, where to.</summary>
public sealed record PruneRequest
{
    internal const int UsualExpertTokens = 256;

    /// <summary>A Hugging Face checkpoint folder.</summary>
    public required string Model { get; init; }

    /// <summary>One of <see cref="PruneRun.Methods"/>; not looked at where a mask is named.</summary>
    public string Method { get; init; } = PruneRun.AdmmMethod;

    /// <summary>A file of masks, whose kept weights are solved for; null to find masks.</summary>
    public string? Mask { get; init; }

    /// <summary>The run's folder.</summary>
    public required string Out { get; init; }

    /// <summary>N kept of every M inputs.</summary>
    public NmPattern Pattern { get; init; } = NmPattern.TwoOfFour;

    /// <summary>Text or token ids that methods which look at activations run the model on.</summary>
    public CorpusOptions? Data { get; init; }

    /// <summary>Sequences of them; fewer where a matrix of ids has fewer rows.</summary>
    public int Samples { get; init; } = 128;

    /// <summary>Tokens a sequence; null: the length of the rows of a matrix of ids, else 256 or the model's positions where these are
    /// fewer.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Tokens of them that must reach an expert; one that fewer reach is looked at with all that its block sees.</summary>
    public int MinExpertTokens { get; init; } = UsualExpertTokens;

    /// <summary>Draws the sequences from text.</summary>
    public ulong Seed { get; init; }

    /// <summary>What becomes of the weights that stay; a checkpoint with changed ones is written to <c>model</c>. admm solves for them
    /// always.</summary>
    public WeightUpdate UpdateWeights { get; init; }

    /// <summary>Where weights are solved for: train those of each block, so that its output comes closer to the dense block's.</summary>
    public bool Blockwise { get; init; } = true;

    /// <summary>Puts the channels into an order that the pattern costs less in, first: the masks are those of <c>permuted</c>.</summary>
    public bool Permute { get; init; }

    /// <summary>Most bytes of hidden states of the calibration in memory; above it they lie in a file of the run's folder.</summary>
    public long HiddenMemoryBytes { get; init; } = 2048L << 20;

    /// <summary>Name patterns (* and ?) of parameters that stay dense.</summary>
    public IReadOnlyList<string> Skip { get; init; } = [];

    /// <summary>The most of the weights of all other layers that stays dense, 0 to below 1: the layers whose pruning costs most a
    /// weight.</summary>
    public double DenseShare { get; init; }

    /// <summary>Leaves the weights in their files but for the block that is pruned; null: where all would not fit into memory. Methods
    /// that look at no data always do, tensor by tensor.</summary>
    public bool? Stream { get; init; }

    /// <summary>Replace the files of an earlier run.</summary>
    public bool Force { get; init; }

    /// <summary>Go on with the interrupted run in <see cref="Out"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>How layers are pruned, without the masks of a file.</summary>
    internal PruneMethod How
    {
        get
        {
            PruneMethod method = new(Mask is null ? Method : PruneRun.MaskMethod, Pattern, UpdateWeights);
            return method with { TrainsBlocks = Blockwise && method.Solves, MinExpertTokens = MinExpertTokens };
        }
    }
}
