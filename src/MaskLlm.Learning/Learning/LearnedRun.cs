using System.Text.Json.Nodes;
using MaskLlm.Distributed;
using MaskLlm.Masks;

namespace MaskLlm.Learning;

/// <summary>What the steps of a run gave.</summary>
/// <param name="Masks">Argmax masks by the checkpoint's name.</param>
/// <param name="Perplexity">Under these masks, with the trained weights where there are any; null without held-out text.</param>
/// <param name="Totals">Sums over the steps of this process.</param>
/// <param name="Weights">Weights under a mask.</param>
/// <param name="Kernel">What computed the masks.</param>
/// <param name="PriorGroupShare">Share of groups that started on the prior.</param>
internal sealed record LearnedRun(IReadOnlyDictionary<string, Mask> Masks, double? Perplexity, LearnTotals Totals, long Weights,
    string Kernel, double PriorGroupShare)
{
    /// <summary>Groups of experts that no token reached; null in a model without experts.</summary>
    internal long? UnreachedGroups { get; init; }

    /// <summary>Steps that look at each token: one, or one of every block where blocks are learned after each other.</summary>
    internal int StepsOfAToken { get; init; } = 1;

    /// <summary>Scores of tasks by their names, under these masks; null where none was asked.</summary>
    internal JsonObject? Tasks { get; init; }
}

/// <summary>Perplexity on held-out text, null where there is none.</summary>
/// <param name="Dense">Of the model as it came.</param>
/// <param name="Prior">Under the mask that learning started from.</param>
/// <param name="Learned">Under the learned mask.</param>
internal sealed record PerplexityTriple(double? Dense, double? Prior, double? Learned);

/// <summary>Sums over the steps that this process took.</summary>
internal sealed class LearnTotals(long firstStep, Ranks? ranks = null)
{
    private readonly double _talkedBefore = ranks?.Talked.TotalSeconds ?? 0;
    private readonly long _sentBefore = ranks?.SentBytes ?? 0;
    private double _talked;
    private long _sent;

    internal long FirstStep { get; } = firstStep;

    internal long Steps { get; private set; }

    internal double Seconds { get; private set; }

    internal double SamplingSeconds { get; private set; }

    /// <summary>Of them, spent on the dense model's predictions.</summary>
    internal double DenseSeconds { get; private set; }

    internal double FirstLoss { get; private set; }

    internal double FinalLoss { get; private set; }

    /// <summary>What this rank's steps said to others: checkpoints and evaluations between them included, those after them not.</summary>
    internal JsonObject Talk(Ranks all) => new()
    {
        ["count"] = all.Size,
        ["library"] = all.Library,
        ["talking_seconds"] = _talked,
        ["sent_bytes_per_step"] = Steps == 0 ? 0 : _sent / Steps,
    };

    internal void Add(StepFigures figures)
    {
        _talked = (ranks?.Talked.TotalSeconds ?? 0) - _talkedBefore;
        _sent = (ranks?.SentBytes ?? 0) - _sentBefore;
        if (Steps++ == 0) FirstLoss = figures.Loss;
        FinalLoss = figures.Loss;
        Seconds += figures.Times.Total;
        DenseSeconds += figures.Times.Dense;
        SamplingSeconds += figures.Times.Masks;
    }
}
