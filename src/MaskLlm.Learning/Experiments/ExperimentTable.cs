using System.Globalization;
using System.Text;
using MaskLlm.Formats;
using MaskLlm.Learning;
using MaskLlm.Runs;

namespace MaskLlm.Experiments;

/// <summary><c>table.md</c>: how the experiment was made, its means, and the perplexity on every text.</summary>
internal static class ExperimentTable
{
    internal static void Write(string path, ExperimentReport report) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Markdown(report))));

    internal static string Markdown(ExperimentReport report) => $"{Head(report)}\n{Summary(report)}\n{ByText(report)}";

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

    // Three digits after the point, which is what seeds differ in.
    private static string Figure(IReadOnlyList<double> values) => values.Count == 0 ? ""
        : values.Any(value => !double.IsFinite(value)) ? "not finite"
        : FormattableString.Invariant($"{values.Average():0.000}")
            + (values.Count > 1 ? FormattableString.Invariant($" ± {(values.Max() - values.Min()) / 2:0.000}") : "");

    private static string Escaped(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal);
}
