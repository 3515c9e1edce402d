using System.Globalization;
using System.Text;
using MaskLlm.Formats;

namespace MaskLlm.Experiments;

/// <summary><c>results.csv</c>: a row for each arm, seed and text, and the means over all texts of each label and seed.</summary>
internal static class ExperimentCsv
{
    private const string Header = "experiment,arm,label,domain,seed,text,perplexity,dense,x,tokens,seconds\n";

    internal static void Write(string path, ExperimentReport report) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Text(report))));

    private static string Text(ExperimentReport report)
    {
        StringBuilder csv = new(Header);
        foreach (ExperimentRow row in report.Rows)
            foreach ((string text, double perplexity) in row.Perplexity)
                Append(csv, report, row, row.Arm, text, perplexity, report.Values(ExperimentReport.DenseLabel, text)[0]);
        foreach (bool geometric in new[] { false, true })
        {
            string name = geometric ? ExperimentReport.GeometricMeanName : ExperimentReport.MeanName;
            double dense = report.Means(ExperimentReport.DenseLabel, geometric)[0];
            foreach (IGrouping<(string, ulong?), ExperimentRow> rows in report.Rows.GroupBy(row => (row.Label, row.Seed)))
                if (new ExperimentReport(report.Request, report.Texts, [.. rows]).Means(rows.Key.Item1, geometric) is [var mean])
                    Append(csv, report, rows.First() with { Domain = null }, "", name, mean, dense);
        }
        return csv.ToString();
    }

    private static void Append(StringBuilder csv, ExperimentReport report, ExperimentRow row, string arm, string text, double perplexity,
        double dense) => csv.Append(
        CultureInfo.InvariantCulture,
        $"{report.Request.Name},{Quoted(arm)},{Quoted(row.Label)},{Quoted(row.Domain ?? "")},{row.Seed},{Quoted(text)},{perplexity:0.#####},{dense:0.#####},{row.X},{row.Tokens},{row.Seconds:0.##}\n");

    private static string Quoted(string value) => value.AsSpan().IndexOfAny(',', '"', '\n') < 0 ? value
        : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
