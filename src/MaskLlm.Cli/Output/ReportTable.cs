using System.Globalization;
using MaskLlm.Evaluation;
using MaskLlm.Masks;
using MaskLlm.Patterns;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>A sparsity report for people.</summary>
internal static class ReportTable
{
    private const string Dense = "dense";

    /// <param name="output">Where it goes.</param>
    /// <param name="report">What is shown.</param>
    /// <param name="isLayoutKnown">Whether a checkpoint said which dimension its groups run along.</param>
    internal static void Print(TextWriter output, SparsityReport report, bool isLayoutKnown = true)
    {
        IAnsiConsole console = TableConsole.Over(output);
        console.Write(TableOf(report));
        console.WriteLine(Summary(report));
        if (report.Agreement is { } agreement) console.WriteLine(Sentence(agreement, report));
        if (!isLayoutKnown)
            console.WriteLine("rows are assumed to be outputs; name --model where a checkpoint stores (inputs, outputs), as GPT-2 does");
    }

    private static Table TableOf(SparsityReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(
            new TableColumn("tensor"),
            new TableColumn("shape").RightAligned(),
            new TableColumn("pattern"),
            new TableColumn("density").RightAligned(),
            new TableColumn("violations").RightAligned());
        foreach (TensorSparsity tensor in report.Tensors)
        {
            table.AddRow(
                new Text(tensor.Name),
                new Text(tensor.Shape is var (rows, columns) ? Invariant($"{rows} x {columns}") : "?"),
                new Text(tensor.Pattern?.ToString() ?? (tensor.Density == 1 ? Dense : "none")),
                new Text(Percent(tensor.Density)),
                new Text(Invariant($"{tensor.Violations}")));
        }
        return table;
    }

    private static string Summary(SparsityReport report)
    {
        long violations = report.Tensors.Sum(tensor => tensor.Violations);
        string judged = report.Pattern is { } pattern ? $"pattern {pattern}" : $"no common pattern{Counts(report)}, judged as 2:4";
        return Invariant($"{report.Tensors.Count} tensors: {judged}, density {Percent(report.Density)}, {violations} groups violate it");
    }

    // Where some are dense and the others have one pattern, which is not the model's.
    private static string Counts(SparsityReport report)
    {
        int dense = report.Tensors.Count(tensor => tensor.Density == 1);
        NmPattern?[] others = [.. report.Tensors.Where(tensor => tensor.Density < 1).Select(tensor => tensor.Pattern).Distinct()];
        return dense > 0 && others is [{ } pattern] ? Invariant($" ({report.Tensors.Count - dense} are {pattern}, {dense} {Dense})") : "";
    }

    private static string Sentence(MaskAgreement agreement, SparsityReport report) => string.Create(CultureInfo.InvariantCulture,
        $"agreement over {report.TensorsCompared} of {report.Tensors.Count} tensors: {agreement.EqualGroups} of {agreement.Groups} groups "
            + $"({Percent((double)agreement.EqualGroups / agreement.Groups)}), {Percent(agreement.EqualBits)} of the bits");

    private static string Percent(double share) => Invariant($"{100 * share:0.00} %");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
