using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>What <c>maskllm info</c> found, for people.</summary>
internal static class InfoTable
{
    internal static void Print(TextWriter output, JsonObject report)
    {
        Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("what", "found");
        foreach ((string name, JsonNode? version) in report["versions"]!.AsObject()) Add(table, name, (string)version!);
        Add(table, "kernel of products", Kernels(report["kernels"]!["products"]!));
        Add(table, "kernel of masks", Kernels(report["kernels"]!["masks"]!));
        Add(table, "memory", $"{Gigabytes(report["memory"]!["available_bytes"]!)} available of "
            + $"{Gigabytes(report["memory"]!["limit_bytes"]!)}");
        Add(table, "processors", string.Create(CultureInfo.InvariantCulture, $"{(int)report["processors"]!}, {(int)report["threads"]!} "
            + $"threads"));
        Add(table, "devices", List(report["devices"]!));
        TableConsole.Over(output).Write(table);
    }

    private static void Add(Table table, string what, string found) => table.AddRow(new Text(what), new Text(found));

    private static string Kernels(JsonNode kernels) => $"{(string)kernels["chosen"]!} of {List(kernels["available"]!)}";

    private static string List(JsonNode names) => string.Join(", ", names.AsArray().Select(name => (string)name!));

    private static string Gigabytes(JsonNode bytes) => ((long)bytes / 1e9).ToString("0.0 GB", CultureInfo.InvariantCulture);
}
