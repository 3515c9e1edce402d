using System.Globalization;
using MaskLlm.Learning;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>A benchmark of learning on a terminal.</summary>
internal static class BenchTable
{
    internal static void Print(TextWriter output, LearnBenchmarkReport report)
    {
        Table table = new Table().AddColumns("ns a weight and step", "plain", report.Kernel, "times faster");
        foreach (LearnBenchmarkRow row in report.Rows)
            table.AddRow(row.What, Number(row.PlainNanoseconds), Number(row.FusedNanoseconds), Number(row.Ratio));
        TableConsole.Over(output).Write(table);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"dense forward and backward {report.DenseStepSeconds:0.000} s, learning step {report.LearnStepSeconds:0.000} s: "
            + $"{report.StepRatio:0.000} times; {report.TokensPerSecond:0} tokens/s"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Weights / 1e6:0.0} million weights under masks, {report.StateBytesPerWeight:0.00} bytes of state each; peak memory "
            + $"{report.PeakMemoryBytes / 1e9:0.00} GB, planned {report.PlannedMemoryBytes / 1e9:0.00} GB"));
    }

    private static string Number(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
