using System.Text.Json;
using MaskLlm.Data;
using MaskLlm.Numerals;
using MaskLlm.Priors;
using MaskLlm.Tasks;

namespace MaskLlm.Learning;

/// <summary>A learning run: which model, on what, from which prior, where to.</summary>
public sealed record LearnRequest
{
    /// <summary><see cref="Prior"/> for a start without one.</summary>
    public const string NoPrior = "none";

    /// <summary>A Hugging Face folder.</summary>
    public required string Model { get; init; }

    /// <summary>Text or token ids to learn on.</summary>
    public required CorpusOptions Data { get; init; }

    /// <summary>The run's folder.</summary>
    public required string Out { get; init; }

    /// <summary>cpu, or cuda with a build that has it.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Sizes, schedules, rates, seed.</summary>
    public LearnOptions Options { get; init; } = new();

    /// <summary>A mask file, one of <see cref="PruneRun.Methods"/>, which is run on the data, or <see cref="NoPrior"/>. Weights that the
    /// method solves for are where training of weights alone starts.</summary>
    public string Prior
    {
        get => field ?? (Options.TrainWeights == WeightTraining.Dense ? NoPrior
            : Options.StartsOnSolvedWeights ? PruneRun.AdmmMethod : PruneRun.SparseGptMethod);
        init;
    }

    /// <summary>A checkpoint of the same model whose weights training starts from, such as one that prune made; null for the prior's or the
    /// model's.</summary>
    public string? StartWeights { get; init; }

    /// <summary>Whether weights are trained, as the command line says it.</summary>
    internal string Training => JsonNamingPolicy.KebabCaseLower.ConvertName(Options.TrainWeights.ToString());

    internal bool PrunesForPrior => PruneRun.Methods.Contains(Prior, StringComparer.Ordinal);

    /// <summary>Puts the channels into an order that the pattern costs less in, first: the masks are those of <c>permuted</c>.</summary>
    public bool Permute { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 50;

    /// <summary>Steps between lines of metrics.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>Steps between held-out evaluations of the argmax mask; 0 for only at the end.</summary>
    public int EvalEvery { get; init; }

    /// <summary>A text to take the perplexities on, encoded as a whole; null for what is held out of <see cref="Data"/>.</summary>
    public string? EvalText { get; init; }

    /// <summary>Windows of held-out text that perplexities are taken on, at most.</summary>
    public int EvalWindows { get; init; } = 128;

    /// <summary>Tasks that the dense model, the prior and the result are asked; null for none.</summary>
    public TaskSelection? Tasks { get; init; }

    /// <summary>Also write the masked checkpoint to OUT/model.</summary>
    public bool SaveModel { get; init; }

    /// <summary>Also write the logits, (groups, candidates) a layer, to OUT/logits.safetensors.</summary>
    public bool SaveLogits { get; init; }

    /// <summary>Say before the run what it will have in memory, part by part.</summary>
    public bool ExplainMemory { get; init; }

    /// <summary>Replace the files of an earlier run.</summary>
    public bool Force { get; init; }

    /// <summary>Go on from the checkpoint in <see cref="Out"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>Checks what several processes can do together.</summary>
    /// <param name="ranks">How many there are.</param>
    /// <exception cref="ArgumentException">This is for one of them.</exception>
    internal void RequireRanks(int ranks)
    {
        if (ranks == 1) return;
        string? alone = Options.Stream ? "`Stream` holds one block of a model that does not fit"
            : Permute ? "`Permute` searches in one process; permute the model first"
            : Device != "cpu" ? $"`Device` {Device} is not among what ranks pass"
            : null;
        if (alone is not null) throw new ArgumentException($"{alone}; learn without mpirun, or leave it out.");
        if (Options.BatchSize < ranks)
            throw new ArgumentException($"`BatchSize` is {Options.BatchSize}; {ranks} ranks need a sequence each: "
                + $"take {ranks} or more.");
        // An error over what a block adds is taken of a part of a batch: the same parts, whoever runs them.
        if ((Options.Blockwise || Options.StateDistillation > 0)
            && (Options.MicroBatchSize is not { } micro
                || Enumerable.Range(1, ranks).Any(rank => (long)Options.BatchSize * rank / ranks % micro != 0)))
            throw new ArgumentException($"`MicroBatchSize`: `StateDistillation` and `Blockwise` compare states within it, and with {ranks} "
                + "ranks it must divide each rank's sequences; 1 always does.");
    }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense.</exception>
    public void Validate()
    {
        Options.Validate();
        OptionRanges.SaveEvery.Require(SaveEvery);
        OptionRanges.LogEvery.Require(LogEvery);
        OptionRanges.EvalEvery.Require(EvalEvery);
        OptionRanges.EvalWindows.Require(EvalWindows);
        if (SaveLogits && !Options.LearnsMasks)
            throw new ArgumentException($"`SaveLogits`: `TrainWeights` {Training} has no logits; leave one of them out.");
        if (Options.Stream && Permute)
            throw new ArgumentException("`Permute` looks at the whole model in memory, and `Stream` at one block; leave one of them "
                + "out, or learn on a model that is permuted.");
        if (Options.Stream && SaveLogits)
            throw new ArgumentException("`SaveLogits`: with `Stream` a block's logits are gone when its masks are there; leave one of them "
                + "out.");
        if (Options.Stream && EvalEvery > 0)
            throw new ArgumentException($"`EvalEvery` {EvalEvery}: with `Stream` there is no mask of the whole model before the end; leave "
                + $"one of them out.");
        if (Options.StartsOnSolvedWeights && Prior == NoPrior)
            throw new ArgumentException($"`Prior` {Prior}: `TrainWeights` {Training} trains under a mask; name one, or a method.");
        if (Options.TrainWeights == WeightTraining.Dense && Prior != NoPrior)
            throw new ArgumentException($"`Prior` {Prior}: `TrainWeights` dense has no mask to start from; leave one of them out.");
        if (StartWeights is not null && !Options.StartsOnSolvedWeights)
            throw new ArgumentException($"`StartWeights` {StartWeights}: `TrainWeights` {Training} starts from the model's own weights; "
                + $"take only or moving.");
        if (StartWeights is not null && PrunesForPrior)
            throw new ArgumentException($"`StartWeights` {StartWeights}: its mask is needed too; name it by `Prior`, such as the mask.npz "
                + $"beside it.");
        if (Permute && (StartWeights ?? (Prior == NoPrior || PrunesForPrior ? null : Prior)) is { } other)
            throw new ArgumentException($"`Permute`: {other} is of the order that the channels have, and they get another; leave one of "
                + $"them out, or permute first.");
        if (EvalText is not null && !File.Exists(EvalText)) throw new ArgumentException($"`EvalText` {EvalText}: no such file.");
        if (Prior != NoPrior && !PrunesForPrior && !File.Exists(Prior))
            throw new ArgumentException($"`Prior` {Prior}: no such file; a mask file, {string.Join(", ", PruneRun.Methods)} or {NoPrior} "
                + $"is expected.");
    }
}
