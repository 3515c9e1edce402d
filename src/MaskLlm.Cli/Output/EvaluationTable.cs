using System.Globalization;
using MaskLlm.Measures;
using MaskLlm.Tasks;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>Perplexities and accuracies for people.</summary>
internal static class EvaluationTable
{
    internal static void Print(TextWriter output, EvaluationReport report)
    {
        if (report.Data is not null)
        {
            TableConsole.Over(output).Write(OfText(report));
            output.WriteLine(Protocol(report));
        }
        if (report.Rows.All(row => row.Tasks.Count == 0)) return;
        TableConsole.Over(output).Write(OfTasks(report));
        output.WriteLine($"acc: share of documents whose likeliest choice is the right one, acc_norm by likelihood a character, +- one "
            + $"standard error; no examples before the question, {report.Arithmetic}");
    }

    private static Table OfText(EvaluationReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("mask");
        bool hasUnits = report.Rows.All(row => row.Result!.Text is not null);
        string[] routers = report.Rows.Any(row => row.RouterChoicesChanged is not null) ? ["experts changed"] : [];
        string[] units = hasUnits ? ["bits/byte", "word perplexity"] : [];
        foreach (string figure in (string[])["perplexity", "times dense", .. routers, .. units, "tokens", "windows", "tail", "seconds"])
            table.AddColumn(new TableColumn(figure).RightAligned());
        // A runtime file that is sparse has no dense row.
        double? dense = report.Rows[0].Mask is null ? report.Rows[0].Result!.Perplexity : null;
        foreach (EvaluationRow row in report.Rows)
        {
            PerplexityResult result = row.Result!;
            string[] ofUnits = hasUnits ? [Number($"{result.Text!.BitsPerByte:0.0000}"), Number($"{result.Text.WordPerplexity:0.00}")] : [];
            string[] cells =
            [
                row.Mask ?? "dense", Number($"{result.Perplexity:0.0000}"),
                dense is null ? "" : Number($"{result.Perplexity / dense:0.000}"),
                .. routers.Select(_ => row.RouterChoicesChanged is { } changed ? Number($"{100 * changed:0.0} %") : ""),
                .. ofUnits, Number($"{result.Tokens}"), Number($"{result.Windows}"), Number($"{result.TailTokens}"),
                Number($"{result.Seconds:0.0}"),
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
        return table;
    }

    // Of a group its own row stands for its parts, which --json has.
    private static Table OfTasks(EvaluationReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("task").AddColumn("mask");
        bool hasPerplexity = report.Rows[0].Tasks.Any(task => task.Perplexity is not null);
        string[] figures = hasPerplexity ? ["docs", "acc", "acc_norm", "perplexity", "docs/s"] : ["docs", "acc", "acc_norm", "docs/s"];
        foreach (string figure in figures) table.AddColumn(new TableColumn(figure).RightAligned());
        foreach (TaskScore of in TaskScore.Whole(report.Rows[0].Tasks))
            foreach (EvaluationRow row in report.Rows)
            {
                TaskScore score = row.Tasks.First(task => task.Task == of.Task);
                string[] perplexity = hasPerplexity ? [WithError(score.Perplexity, score.PerplexityError, "0.00")] : [];
                string[] cells =
                [
                    score.Task, row.Mask ?? "dense", Number($"{score.Documents}"), WithError(score.Accuracy, score.AccuracyError, "0.0000"),
                    WithError(score.NormalizedAccuracy, score.NormalizedError, "0.0000"), .. perplexity,
                    Number($"{score.Documents / score.Seconds:0.0}"),
                ];
                table.AddRow(cells.Select(cell => new Text(cell)));
            }
        return table;
    }

    private static string WithError(double? value, double? error, string form) => value is null ? ""
        : value.Value.ToString(form, CultureInfo.InvariantCulture)
            + (error is null ? "" : " +- " + error.Value.ToString(form, CultureInfo.InvariantCulture));

    private static string Protocol(EvaluationReport report)
    {
        PerplexityResult first = report.Rows[0].Result!;
        long all = first.Tokens / report.SequenceLength!.Value;
        string which = first.Windows < all ? $"the first {first.Windows} of {all} windows" : $"all {all} windows";
        return $"token perplexity of {report.Data}: {which} of {report.SequenceLength} tokens that do not overlap, "
            + $"{report.SequenceLength - 1} predicted tokens in each, {report.Arithmetic}, no special tokens; the tail of "
            + $"{first.TailTokens} tokens is dropped";
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
