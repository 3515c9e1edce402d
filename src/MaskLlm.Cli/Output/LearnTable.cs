using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Runs;
using MaskLlm.Tasks;
using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>What a learning run ends with on a terminal.</summary>
internal static class LearnTable
{
    internal static void Print(TextWriter output, RunRecord record, string folder, string prior = "prior")
    {
        JsonObject figures = record.Figures, perplexity = figures["perplexity"]!.AsObject();
        Table table = new Table().AddColumns("held-out text", "perplexity", "times dense");
        double? dense = perplexity["dense"]?.GetValue<double>();
        foreach (string row in new[] { "dense", "prior", "learned" })
        {
            double? value = perplexity[row]?.GetValue<double>();
            table.AddRow(row == "prior" ? prior : row, Number(value), Number(value / dense));
        }
        TableConsole.Over(output).Write(table);
        if (figures["tasks"] is JsonObject tasks) TableConsole.Over(output).Write(OfTasks(tasks, prior));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{figures["tokens"]} tokens seen, {Number(figures["seconds"]?.GetValue<double>())} seconds, "
                + $"{figures["tokens_per_second"]?.GetValue<double>():0} tokens/s, seed {record.Seed}"));
        output.WriteLine($"{Made(record.Options)}, record and model card: {folder}");
    }

    private static Table OfTasks(JsonObject tasks, string prior)
    {
        Table table = new Table().AddColumn("accuracy");
        foreach ((string model, _) in tasks) table.AddColumn(model == "prior" ? prior : model);
        IReadOnlyList<TaskScore>[] scores = [.. tasks.Select(model => TaskScore.Parse(model.Value!.AsObject()))];
        foreach (TaskScore whole in TaskScore.Whole(scores[0]))
            table.AddRow([whole.Task, .. scores.Select(model => Accuracy(model.First(score => score.Task == whole.Task)))]);
        return table;
    }

    private static string Accuracy(TaskScore score) => score.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Made(JsonObject options)
    {
        string weights = (string?)options["train-weights"] ?? "none";
        if (weights == "dense") return "model";
        string mask = (bool?)options["permute"] == true ? "mask of permuted" : "mask";
        return weights != "none" || (bool?)options["save-model"] == true ? $"{mask}, model" : mask;
    }

    private static string Number(double? value) => value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-";
}
