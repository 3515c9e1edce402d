using MaskLlm.Data;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>A new order of a model's channels: of which model, by which data, where to.</summary>
public sealed record PermuteRequest
{
    /// <summary>A Hugging Face checkpoint folder.</summary>
    public required string Model { get; init; }

    /// <summary>Text or token ids that the model is run on.</summary>
    public required CorpusOptions Data { get; init; }

    /// <summary>The folder of the new checkpoint.</summary>
    public required string Out { get; init; }

    /// <summary>N kept of every M inputs.</summary>
    public NmPattern Pattern { get; init; } = NmPattern.TwoOfFour;

    /// <summary>Sequences of the data; fewer where a matrix of ids has fewer rows.</summary>
    public int Samples { get; init; } = 128;

    /// <summary>Tokens a sequence; null: the length of the rows of a matrix of ids, else 256 or the model's positions where these are
    /// fewer.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Draws the sequences from text, and all chance of the search.</summary>
    public ulong Seed { get; init; }

    /// <summary>Replace the checkpoint that an earlier run put there.</summary>
    public bool Force { get; init; }

    /// <summary>What is looked at, as a method of pruning that looks at activations does.</summary>
    internal PruneRequest Calibration => new()
    {
        Model = Model,
        Method = PruneRun.WandaMethod,
        Out = Out,
        Data = Data,
        Samples = Samples,
        SequenceLength = SequenceLength,
        Seed = Seed,
    };
}
