using System.Text.Json.Nodes;

namespace MaskLlm.Tasks;

/// <summary>How a model does in a task, or in a group of tasks.</summary>
/// <param name="Task">Its name.</param>
/// <param name="Documents">How many were asked.</param>
/// <param name="Accuracy">Share of documents whose likeliest choice is the right one; without choices, whose answer is the greedy
/// one.</param>
/// <param name="AccuracyError">Its standard error; null of one document.</param>
public sealed record TaskScore(string Task, int Documents, double Accuracy, double? AccuracyError)
{
    /// <summary>The same where a choice's log-likelihood is divided by its code points; null where the task has none.</summary>
    public double? NormalizedAccuracy { get; init; }

    /// <summary>Its standard error.</summary>
    public double? NormalizedError { get; init; }

    /// <summary>exp of the mean negative log-likelihood of an answer; null where there are choices.</summary>
    public double? Perplexity { get; init; }

    /// <summary>Its standard error, by the derivative of exp.</summary>
    public double? PerplexityError { get; init; }

    /// <summary>Wall clock.</summary>
    public double Seconds { get; init; }

    /// <summary>As one object; the names are stable.</summary>
    internal JsonObject ToJson()
    {
        JsonObject json = new() { ["docs"] = Documents, ["acc"] = Accuracy, ["stderr"] = AccuracyError };
        if (NormalizedAccuracy is not null) (json["acc_norm"], json["acc_norm_stderr"]) = (NormalizedAccuracy, NormalizedError);
        if (Perplexity is not null) (json["perplexity"], json["perplexity_stderr"]) = (Perplexity, PerplexityError);
        json["seconds"] = Seconds;
        return json;
    }

    /// <summary>Several as one object, by their names.</summary>
    internal static JsonObject ToJson(IEnumerable<TaskScore> scores)
    {
        JsonObject json = [];
        foreach (TaskScore score in scores) json[score.Task] = score.ToJson();
        return json;
    }

    /// <summary>Reads scores by their names, as records have them.</summary>
    /// <param name="scores">An object for each task.</param>
    public static IReadOnlyList<TaskScore> Parse(JsonObject scores) => [.. scores.Select(pair =>
        new TaskScore(pair.Key, (int)pair.Value!["docs"]!, (double)pair.Value["acc"]!, (double?)pair.Value["stderr"])
        {
            NormalizedAccuracy = (double?)pair.Value["acc_norm"],
            NormalizedError = (double?)pair.Value["acc_norm_stderr"],
            Perplexity = (double?)pair.Value["perplexity"],
            PerplexityError = (double?)pair.Value["perplexity_stderr"],
            Seconds = (double)pair.Value["seconds"]!,
        })];

    /// <summary>Those that are no part of a group among them.</summary>
    /// <param name="scores">Of one model.</param>
    public static IEnumerable<TaskScore> Whole(IReadOnlyList<TaskScore> scores) => scores.Where(score =>
        !scores.Any(other => other != score && score.Task.StartsWith(other.Task + "_", StringComparison.Ordinal)));

    /// <summary>Of the documents of a task.</summary>
    /// <param name="task">Its name.</param>
    /// <param name="answers">At least one.</param>
    /// <param name="seconds">It took.</param>
    internal static TaskScore Of(string task, IReadOnlyList<TaskAnswer> answers, double seconds)
    {
        (double accuracy, double? error) = Mean([.. answers.Select(answer => answer.IsRight ? 1.0 : 0)]);
        TaskScore score = new(task, answers.Count, accuracy, error) { Seconds = seconds };
        if (answers.All(answer => answer.IsRightNormalized is not null))
        {
            (double normalized, double? normalizedError) = Mean([.. answers.Select(answer => answer.IsRightNormalized!.Value ? 1.0 : 0)]);
            score = score with { NormalizedAccuracy = normalized, NormalizedError = normalizedError };
        }
        if (answers.Any(answer => answer.Document.Gold is not null)) return score;
        (double mean, double? deviation) = Mean([.. answers.Select(answer => answer.Likelihoods[0].LogLikelihood)]);
        return score with { Perplexity = Math.Exp(-mean), PerplexityError = Math.Exp(-mean) * deviation };
    }

    /// <summary>Of a group: means by documents, and the error of all of them together.</summary>
    /// <remarks>lm-evaluation-harness pools the variances of the tasks, each by its documents less one.</remarks>
    internal static TaskScore OfGroup(string group, IReadOnlyList<TaskScore> tasks)
    {
        double all = tasks.Sum(task => (double)task.Documents);
        double? error = all <= tasks.Count || tasks.Any(task => task.AccuracyError is null) ? null : Math.Sqrt(
            tasks.Sum(task => (double)task.Documents * (task.Documents - 1) * Math.Pow(task.AccuracyError!.Value, 2))
            / (all - tasks.Count) / all);
        return new TaskScore(group, (int)all, tasks.Sum(task => task.Documents * task.Accuracy) / all, error)
        {
            Seconds = tasks.Sum(task => task.Seconds),
        };
    }

    private static (double Mean, double? Error) Mean(double[] values)
    {
        double mean = values.Average();
        return (mean, values.Length < 2 ? null
            : Math.Sqrt(values.Sum(value => Math.Pow(value - mean, 2)) / (values.Length - 1) / values.Length));
    }
}
