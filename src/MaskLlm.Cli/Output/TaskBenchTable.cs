using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Evaluation;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>Speeds of tasks, for people and for programs.</summary>
internal static class TaskBenchTable
{
    internal static void Print(TextWriter output, IReadOnlyList<TaskBenchmarkRow> rows)
    {
        Table table = new Table().AddColumns("docs/s", "docs", "contexts once", "a pass a continuation", "ratio", "largest difference");
        foreach (TaskBenchmarkRow row in rows)
            table.AddRow(row.Task, Number(row.Documents, "0"), Number(row.PerSecond, "0.00"), Number(row.NaivePerSecond, "0.00"),
                Number(row.Ratio, "0.00"), Number(row.LargestDifference, "0.0e+00"));
        TableConsole.Over(output).Write(table);
    }

    internal static JsonObject ToJson(IReadOnlyList<TaskBenchmarkRow> rows) => new()
    {
        ["rows"] = new JsonArray([.. rows.Select(row => (JsonNode)new JsonObject
        {
            ["task"] = row.Task,
            ["docs"] = row.Documents,
            ["requests"] = row.Requests,
            ["docs_per_second"] = row.PerSecond,
            ["naive_docs_per_second"] = row.NaivePerSecond,
            ["ratio"] = row.Ratio,
            ["largest_difference"] = row.LargestDifference,
        })]),
    };

    private static string Number(double value, string form) => value.ToString(form, CultureInfo.InvariantCulture);
}
