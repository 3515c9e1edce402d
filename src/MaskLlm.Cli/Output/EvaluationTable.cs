using System.Globalization;
using MaskLlm.Measures;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>Perplexities for people.</summary>
internal static class EvaluationTable
{
    internal static void Print(TextWriter output, EvaluationReport report)
    {
        TableConsole.Over(output).Write(TableOf(report));
        output.WriteLine(Protocol(report));
    }

    private static Table TableOf(EvaluationReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("mask");
        foreach (string figure in new[] { "perplexity", "times dense", "tokens", "windows", "tail", "seconds" })
            table.AddColumn(new TableColumn(figure).RightAligned());
        // A runtime file that is sparse has no dense row.
        double? dense = report.Rows[0].Mask is null ? report.Rows[0].Result.Perplexity : null;
        foreach ((string? mask, PerplexityResult result) in report.Rows)
        {
            table.AddRow(new Text(mask ?? "dense"), new Text(Number($"{result.Perplexity:0.0000}")),
                new Text(dense is null ? "" : Number($"{result.Perplexity / dense:0.000}")),
                new Text(Number($"{result.Tokens}")), new Text(Number($"{result.Windows}")), new Text(Number($"{result.TailTokens}")),
                    new Text(Number($"{result.Seconds:0.0}")));
        }
        return table;
    }

    private static string Protocol(EvaluationReport report)
    {
        PerplexityResult first = report.Rows[0].Result;
        long all = first.Tokens / report.SequenceLength;
        string which = first.Windows < all ? $"the first {first.Windows} of {all} windows" : $"all {all} windows";
        return $"token perplexity of {report.Data}: {which} of {report.SequenceLength} tokens that do not overlap, "
            + $"{report.SequenceLength - 1} predicted tokens in each, {report.Arithmetic}, no special tokens; the tail of "
            + $"{first.TailTokens} tokens is dropped";
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
