using MaskLlm.Data;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>A one-shot pruning run: what, how, where to.</summary>
public sealed record PruneRequest
{
    /// <summary>A Hugging Face checkpoint folder.</summary>
    public required string Model { get; init; }

    /// <summary>One of <see cref="PruneRun.Methods"/>.</summary>
    public required string Method { get; init; }

    /// <summary>The run's folder.</summary>
    public required string Out { get; init; }

    /// <summary>N kept of every M inputs.</summary>
    public NmPattern Pattern { get; init; } = NmPattern.TwoOfFour;

    /// <summary>Text or token ids that methods which look at activations run the model on.</summary>
    public CorpusOptions? Data { get; init; }

    /// <summary>Sequences of them.</summary>
    public int Samples { get; init; } = 128;

    /// <summary>Tokens a sequence.</summary>
    public int SequenceLength { get; init; } = 256;

    /// <summary>Draws the sequences from text.</summary>
    public ulong Seed { get; init; }

    /// <summary>Name patterns (* and ?) of parameters that stay dense.</summary>
    public IReadOnlyList<string> Skip { get; init; } = [];

    /// <summary>Replace the files of an earlier run.</summary>
    public bool Force { get; init; }
}
