using System.Globalization;
using System.Text;
using MaskLlm.Formats;
using MaskLlm.Learning;
using MaskLlm.Runs;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary><c>table.md</c>: how the experiment was made, its means, and the perplexity on every text.</summary>
internal static class ExperimentTable
{
    internal static void Write(string path, ExperimentReport report) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Markdown(report))));

    internal static string Markdown(ExperimentReport report) =>
        $"{Head(report)}\n{Summary(report)}\n{ByText(report)}{ByTask(report)}";

    private static string Head(ExperimentReport report)
    {
        ExperimentRequest request = report.Request;
        LearnOptions options = request.Options;
        IReadOnlyList<string> changed = ExperimentSettings.Changed(options);
        string prior = RecordedPath.Of(request.Prior), changes = changed.Count == 0 ? "" : " but for " + string.Join(", ", changed);
        string model = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Model)));
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Experiment {request.Name}: {model}, {options.Pattern}

            - learning: {options.Steps} steps of {options.BatchSize} x {options.SequenceLength} tokens ({(long)options.Steps * options.BatchSize * options.SequenceLength:N0}) where the row says nothing else
            - recipe: the paper's{changes}; prior {prior}, one-shot methods on {request.Samples} sequences
            - seeds of the learned masks: {string.Join(", ", ExperimentPlan.Seeds(request))}{(ExperimentPlan.Seeds(request).Count > 1 ? "; mean and, after the sign, half the distance between the largest and the smallest" : "")}
            - perplexity: exp of the mean negative log-likelihood of a predicted token over at most the first {request.MaxWindows} windows of {request.WindowLength} tokens of each text, the tail dropped

            """);
    }

    private static string Summary(ExperimentReport report)
    {
        bool compare = report.Request.Name == "compare";
        double dense = report.Means(ExperimentReport.DenseLabel)[0];
        StringBuilder table = new(compare
            ? "| | geometric mean over the texts | times dense | of SparseGPT's gap left | tokens | seconds |\n|---|---|---|---|---|---|\n"
            : "| | geometric mean over the texts | times dense | tokens | seconds |\n|---|---|---|---|---|\n");
        foreach (string label in report.Labels)
        {
            IReadOnlyList<double> means = report.Means(label);
            ExperimentRow[] rows = [.. report.Rows.Where(row => row.Label == label)];
            table.Append(CultureInfo.InvariantCulture,
                $"| {Escaped(label)} | {Figure(means)} | "
                + $"{(means.Count == 0 ? "" : FormattableString.Invariant($"{means.Average() / dense:0.000}"))} |");
            if (compare) table.Append(CultureInfo.InvariantCulture, $" {report.GapLeft(label):0.00} |");
            table.Append(CultureInfo.InvariantCulture, $" {rows.Average(row => row.Tokens):N0} | {rows.Average(row => row.Seconds):0} |\n");
        }
        return table.ToString();
    }

    private static string ByText(ExperimentReport report)
    {
        IReadOnlyList<string> labels = report.Labels;
        StringBuilder table = new();
        void Row(string name, IEnumerable<string> cells) =>
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells)} |\n");
        Row("text", labels.Select(Escaped));
        table.Append('|').Insert(table.Length, "---|", labels.Count + 1).Append('\n');
        foreach (string text in report.Texts) Row(Escaped(text), labels.Select(label => Figure(report.Values(label, text))));
        Row($"**{ExperimentReport.MeanName}**", labels.Select(label => Figure(report.Means(label, geometric: false))));
        Row($"**{ExperimentReport.GeometricMeanName}**", labels.Select(label => Figure(report.Means(label))));
        return table.ToString();
    }

    private static string ByTask(ExperimentReport report)
    {
        if (report.Rows.Count == 0 || report.Rows[0].Tasks.Count == 0) return "";
        IReadOnlyList<string> labels = report.Labels;
        StringBuilder table = new("\nZero-shot accuracy, by characters where a task has that too; the error is one standard error of dense.\n\n");
        table.Append(CultureInfo.InvariantCulture, $"| task | {string.Join(" | ", labels.Select(Escaped))} | error |\n|");
        table.Insert(table.Length, "---|", labels.Count + 2).Append('\n');
        foreach (TaskScore dense in TaskScore.Whole(report.Rows[0].Tasks))
        {
            void Row(string name, Func<TaskScore, double?> figure, double? error)
            {
                IEnumerable<string> cells = labels.Select(label => Figure([.. report.Rows.Where(row => row.Label == label)
                    .Select(row => row.Tasks.FirstOrDefault(score => score.Task == dense.Task)).OfType<TaskScore>()
                    .Select(score => figure(score)!.Value)]));
                table.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells)} | {error:0.000} |\n");
            }
            Row(dense.Task, score => score.Accuracy, dense.AccuracyError);
            if (dense.NormalizedAccuracy is not null)
                Row($"{dense.Task}, by characters", score => score.NormalizedAccuracy, dense.NormalizedError);
        }
        return table.ToString();
    }

    // Three digits after the point, which is what seeds differ in.
    private static string Figure(IReadOnlyList<double> values) => values.Count == 0 ? ""
        : values.Any(value => !double.IsFinite(value)) ? "not finite"
        : FormattableString.Invariant($"{values.Average():0.000}")
            + (values.Count > 1 ? FormattableString.Invariant($" ± {(values.Max() - values.Min()) / 2:0.000}") : "");

    private static string Escaped(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal);
}
