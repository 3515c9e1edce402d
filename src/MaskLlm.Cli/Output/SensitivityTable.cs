using System.Globalization;
using MaskLlm.Evaluation;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>Where a mask costs, for people, and the options that leave the costly parts dense.</summary>
internal static class SensitivityTable
{
    internal static void Print(TextWriter output, SensitivityReport report)
    {
        TableConsole.Over(output).Write(TableOf(report));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"perplexity of {report.Data}, {report.Dense.Windows} windows of {report.SequenceLength} tokens; one row "
            + $"of blocks or kinds sparse at a time, the rest dense"));
        if (report.Rise <= report.MaxLoss)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"the whole mask costs {report.Rise:0.0000}, {report.MaxLoss:0.0000} are allowed: nothing needs to be "
                + $"skipped"));
            return;
        }
        if (report.Suggestion is null)
            output.WriteLine(Number($"no part can be left sparse at a cost of {report.MaxLoss:0.0000}; raise --max-loss"));
        foreach ((string parts, SkipSuggestion? suggestion) in Suggestions(report))
            if (suggestion is not null) Print(output, report, parts, suggestion);
    }

    // The one that keeps more weights sparse goes first.
    private static IEnumerable<(string Parts, SkipSuggestion? Suggestion)> Suggestions(SensitivityReport report) =>
        new[] { ("blocks", report.SkipBlocks), ("kinds", report.SkipKinds) }.OrderBy(pair => pair.Item2?.DenseShare);

    private static void Print(TextWriter output, SensitivityReport report, string parts, SkipSuggestion suggestion)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"to stay within {report.MaxLoss:0.0000} by {parts} (estimated {suggestion.EstimatedRise:0.0000}, "
            + $"measured {suggestion.MeasuredRise:0.0000}{(suggestion.MeasuredRise > report.MaxLoss ? ": too much, lower --max-loss" : "")}; {100 * suggestion.DenseShare:0.0} % of the masked weights become dense):"));
        output.WriteLine("  " + string.Join(' ', suggestion.Skip.Select(pattern => $"--skip '{pattern}'")));
    }

    private static Table TableOf(SensitivityReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("sparse");
        foreach (string figure in new[] { "million weights", "perplexity", "increase of ln" })
            table.AddColumn(new TableColumn(figure).RightAligned());
        void Row(string part, long weights, double perplexity, double increase) => table.AddRow(
            new Text(part), new Text(Number($"{weights / 1e6:0.000}")), new Text(Number($"{perplexity:0.0000}")),
                new Text(Number($"{increase:0.0000}")));
        Row("nothing (dense)", 0, report.Dense.Perplexity, 0);
        Row("the whole mask", report.Blocks.Sum(row => row.Weights), report.Whole.Perplexity, report.Rise);
        foreach (SensitivityRow row in report.Blocks.Concat(report.Kinds)) Row(row.Part, row.Weights, row.Perplexity, row.Increase);
        return table;
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
