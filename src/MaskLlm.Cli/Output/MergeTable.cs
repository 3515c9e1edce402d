using System.Globalization;
using MaskLlm.Masks;
using MaskLlm.Priors;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>A merge of masks for people.</summary>
internal static class MergeTable
{
    internal static void Print(TextWriter output, MergeReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(
            new TableColumn("input"), new TableColumn("groups as merged").RightAligned(), new TableColumn("bits as merged").RightAligned());
        foreach ((string path, MaskAgreement agreement) in report.Inputs)
            table.AddRow(new Text(path), new Text(Percent((double)agreement.EqualGroups / agreement.Groups)),
                new Text(Percent(agreement.EqualBits)));
        TableConsole.Over(output).Write(table);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Out}: {report.Tensors} tensors of pattern {report.Pattern}; all inputs agree in {report.UnanimousGroups} of "
                + $"{report.Groups} groups ({Percent((double)report.UnanimousGroups / report.Groups)})"));
    }

    private static string Percent(double share) => (100 * share).ToString("0.00 \\%", CultureInfo.InvariantCulture);
}
