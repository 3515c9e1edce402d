using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Decoding;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>A benchmark of the CPU runtime, for people and for programs.</summary>
internal static class RuntimeBenchTable
{
    internal static void Print(TextWriter output, IReadOnlyList<RuntimeBenchmarkRow> rows)
    {
        Table table = new Table().AddColumns("what", "dense", "sparse", "ratio", "unit");
        foreach (RuntimeBenchmarkRow row in rows)
            table.AddRow(row.What, Number(row.Dense), Number(row.Sparse), row.Ratio.ToString("0.000", CultureInfo.InvariantCulture),
                row.Unit);
        TableConsole.Over(output).Write(table);
        foreach (string kernel in rows.Select(row => row.Kernel).Distinct()) output.WriteLine(kernel);
        output.WriteLine("A ratio above 1: sparse is better. Medians; the ratio is the median over pairs.");
    }

    internal static JsonObject ToJson(IReadOnlyList<RuntimeBenchmarkRow> rows) => new()
    {
        ["rows"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject
        {
            ["what"] = row.What,
            ["dense"] = row.Dense,
            ["sparse"] = row.Sparse,
            ["ratio"] = row.Ratio,
            ["unit"] = row.Unit,
            ["kernel"] = row.Kernel,
        })]),
    };

    private static string Number(double value) => value.ToString(value < 100 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
