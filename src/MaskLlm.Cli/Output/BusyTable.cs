using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Experiments;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>Speeds beside a busy process, for people and for programs.</summary>
internal static class BusyTable
{
    internal static void Print(TextWriter output, IReadOnlyList<BusyBenchmarkRow> rows)
    {
        Table table = new Table().AddColumns("tokens/s", "quiet", "beside other work", "ratio");
        foreach (BusyBenchmarkRow row in rows)
            table.AddRow(row.What, Number(row.Quiet), Number(row.Busy), row.Ratio.ToString("0.000", CultureInfo.InvariantCulture));
        TableConsole.Over(output).Write(table);
    }

    internal static JsonObject ToJson(IReadOnlyList<BusyBenchmarkRow> rows) => new()
    {
        ["rows"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject
        {
            ["what"] = row.What,
            ["quiet"] = row.Quiet,
            ["busy"] = row.Busy,
            ["ratio"] = row.Ratio,
            ["unit"] = "tokens/s",
        })]),
    };

    private static string Number(double value) => value.ToString(value < 100 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
