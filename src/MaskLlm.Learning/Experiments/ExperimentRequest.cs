using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>An experiment: which, of which model, on what texts, with which base of options.</summary>
public sealed record ExperimentRequest
{
    /// <summary>One of <see cref="ExperimentRun.Names"/>.</summary>
    public required string Name { get; init; }

    /// <summary>A Hugging Face folder.</summary>
    public required string Model { get; init; }

    /// <summary>Text or token ids to learn and to calibrate on; without sources, an experiment on domains takes all their training
    /// texts.</summary>
    public required CorpusOptions Data { get; init; }

    /// <summary>The experiment's folder; the same request on the same folder goes on where it was stopped.</summary>
    public required string Out { get; init; }

    /// <summary>Texts to take perplexities on, each encoded as a whole; none for an experiment on domains, which takes their test
    /// texts.</summary>
    public IReadOnlyList<string> EvalTexts { get; init; } = [];

    /// <summary>A folder with <c>X.train.*</c> and <c>X.test.*</c> of every domain X; only for an experiment on domains.</summary>
    public string? Domains { get; init; }

    /// <summary>What all learned masks share but for what the experiment varies. The seed is not used.</summary>
    public LearnOptions Options { get; init; } = new() { Steps = 100 };

    /// <summary>A one-shot method to make the prior by, a mask file, or none.</summary>
    public string Prior { get; init; } = "sparsegpt";

    /// <summary>Sequences that one-shot methods look at.</summary>
    public int Samples { get; init; } = 128;

    /// <summary>Of the learned masks; null for the experiment's own.</summary>
    public IReadOnlyList<ulong>? Seeds { get; init; }

    /// <summary>Values of what is varied, as they are written on the command line; null for the experiment's own.</summary>
    public IReadOnlyList<string>? Values { get; init; }

    /// <summary>Tokens a window of the perplexities; null for the sequence length of <see cref="Options"/>.</summary>
    public int? EvalSequenceLength { get; init; }

    /// <summary>Windows of each text that perplexities are taken on, at most.</summary>
    public int MaxWindows { get; init; } = 128;

    /// <summary>Tasks that every arm is asked; null for none.</summary>
    public TaskSelection? Tasks { get; init; }

    /// <summary>cpu, or cuda with a build that has it.</summary>
    public string Device { get; init; } = "cpu";

    internal int WindowLength => EvalSequenceLength ?? Options.SequenceLength;
}
