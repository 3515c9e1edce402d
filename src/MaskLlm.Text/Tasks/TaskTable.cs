using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace MaskLlm.Tasks;

/// <summary>Accuracies of several models side by side, as a table of Markdown.</summary>
internal static class TaskTable
{
    /// <summary>The table; of a group its own row stands for its parts.</summary>
    /// <param name="models">Scores by the name of the model, as a record has them.</param>
    internal static string Markdown(JsonObject models)
    {
        (string Name, IReadOnlyList<TaskScore> Scores)[] all =
            [.. models.Select(model => (model.Key, TaskScore.Parse(model.Value!.AsObject())))];
        StringBuilder table = new($"| zero-shot accuracy | {string.Join(" | ", all.Select(model => model.Name))} |\n");
        table.Append('|').Insert(table.Length, "---|", all.Length + 1).Append('\n');
        foreach (TaskScore whole in TaskScore.Whole(all[0].Scores))
        {
            IEnumerable<string> Cells(Func<TaskScore, string> cell) =>
                all.Select(model => cell(model.Scores.First(score => score.Task == whole.Task)));
            table.Append(CultureInfo.InvariantCulture, $"| {whole.Task} ({whole.Documents}) | "
                + $"{string.Join(" | ", Cells(score => Cell(score.Accuracy, score.AccuracyError)))} |\n");
            if (whole.NormalizedAccuracy is not null)
                table.Append(CultureInfo.InvariantCulture, $"| {whole.Task}, by characters | "
                    + $"{string.Join(" | ", Cells(score => Cell(score.NormalizedAccuracy!.Value, score.NormalizedError)))} |\n");
        }
        return table.ToString();
    }

    private static string Cell(double value, double? error) => value.ToString("0.0000", CultureInfo.InvariantCulture)
        + (error is null ? "" : " ± " + error.Value.ToString("0.0000", CultureInfo.InvariantCulture));
}
