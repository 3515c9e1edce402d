using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Numerals;
using MaskLlm.Products;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>What is set side by side to choose what to deploy: a model dense and under masks, and other checkpoints, by types of
/// weights.</summary>
public sealed record DeployRequest
{
    /// <summary>A Hugging Face folder.</summary>
    public required string Model { get; init; }

    /// <summary>Mask files of it.</summary>
    public IReadOnlyList<string> Masks { get; init; } = [];

    /// <summary>Folders of other checkpoints beside it, such as RUN/model of a tuned one; what is 2:4 in them runs so.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>How weights are stored.</summary>
    public IReadOnlyList<WeightType> Types { get; init; } = [WeightType.BFloat16, WeightType.Int8, WeightType.Int4];

    /// <summary>Text on which int4 is rounded; null: every weight goes to the nearest value.</summary>
    public CorpusOptions? Data { get; init; }

    /// <summary>Texts to take perplexities on.</summary>
    public required IReadOnlyList<string> EvalTexts { get; init; }

    /// <summary>Tokens a window; null for the model's positions, at most 2048.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Windows of each text, at most.</summary>
    public int MaxWindows { get; init; } = 40;

    /// <summary>Tasks to ask; null for none.</summary>
    public TaskSelection? Tasks { get; init; }

    /// <summary>Where the table and the picture go; the same request goes on there.</summary>
    public required string Out { get; init; }

    /// <summary>Measurements of a speed; medians are reported.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>Threads; null for all processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Resident memory that a choice may take, in MB; null for any.</summary>
    public int? MaxMemory { get; init; }

    /// <summary>Tokens a second of one sequence that a choice must reach; null for any.</summary>
    public double? MinTokensPerSecond { get; init; }

    /// <summary>Rise of log perplexity over the dense model in its first type that a choice may have, in nats a token; null for
    /// any.</summary>
    public double? MaxLoss { get; init; }

    internal RuntimeBenchmarkOptions Speeds => new() { Threads = Threads, Repeats = Repeats, Prompts = [512] };

    internal void Validate()
    {
        OptionRanges.Repeats.Require(Repeats);
        if (EvalTexts.Count == 0) throw new ArgumentException("`EvalTexts`: name at least one text, by which rows are compared.");
        if (Types.Distinct().Count() < Types.Count) throw new ArgumentException("a type of weights is named twice; name each once.");
        if (Types.Count == 0) throw new ArgumentException("name at least one type of weights.");
        if (Tasks is not null && Tasks.Tasks.Count == 0) throw new ArgumentException("`Tasks`: name at least one.");
    }
}
