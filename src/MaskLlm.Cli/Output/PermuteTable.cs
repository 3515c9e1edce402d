using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Runs;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>What a new order of channels keeps, for people.</summary>
internal static class PermuteTable
{
    internal static void Print(TextWriter output, RunRecord record, string folder)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(
            new TableColumn("channels"), new TableColumn("layers that read them").RightAligned(),
            new TableColumn("scores kept before").RightAligned(), new TableColumn("after").RightAligned());
        foreach (JsonNode? row in record.Figures["kept"]!.AsArray())
            table.AddRow(new Text($"{row!["channels"]}"), new Text($"{row["layers"]}"), new Text(Share(row["before"]!)),
                new Text(Share(row["after"]!)));
        TableConsole.Over(output).Write(table);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"model in the new order, and record: {folder} ({record.Figures["seconds"]!.GetValue<double>():0.00} s)"));
    }

    private static string Share(JsonNode value) => value.GetValue<double>().ToString("0.0000", CultureInfo.InvariantCulture);
}
