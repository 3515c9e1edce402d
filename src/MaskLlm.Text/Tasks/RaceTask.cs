using MaskLlm.Json;

namespace MaskLlm.Tasks;

/// <summary>race: the last question of an article, behind those before it with their answers (Lai et al. 2017, arXiv 1704.04683).</summary>
/// <remarks>
/// Records are articles with their <c>problems</c> as one text of a Python list, or a question each with the article, which are put
/// together by articles. A question that ends in a gap is shown before the last one as lm-evaluation-harness shows it: the gap alone.
/// </remarks>
internal static class RaceTask
{
    private const string Gap = "  _  .";

    internal static TaskDefinition Definition { get; } = new("race",
        ["race.json*", "race.parquet", "race_high_test.*", "**/race_high_test.*", "**/race/high/test*"], Documents);

    private static IEnumerable<TaskDocument> Documents(IEnumerable<JsonValue> records)
    {
        string? article = null;
        List<JsonValue> problems = [];
        foreach (JsonValue record in records)
        {
            string now = record.Required("article").Text();
            if (record.Member("problems") is { } own)
            {
                IReadOnlyList<JsonValue> listed = Listed(own);
                yield return listed.Count > 0 ? Of(now, listed) : throw own.Wrong("at least one question");
                continue;
            }
            if (article is not null && now != article)
            {
                yield return Of(article, problems);
                problems.Clear();
            }
            article = now;
            problems.Add(record);
        }
        if (problems.Count > 0) yield return Of(article!, problems);
    }

    private static IReadOnlyList<JsonValue> Listed(JsonValue problems) => problems.Kind == System.Text.Json.JsonValueKind.Array
        ? problems.Items()
        : JsonValue.Parse($"{problems.File}: {problems.Key}", System.Text.Encoding.UTF8.GetBytes(
            $"{{\"problems\": {PythonLiteral.ToJson(problems)}}}")).Required("problems").Items();

    private static TaskDocument Of(string article, IReadOnlyList<JsonValue> problems)
    {
        System.Text.StringBuilder context = new($"Article: {article}\n\n");
        foreach (JsonValue problem in problems.SkipLast(1))
        {
            (string question, string[] options, int gold) = Parts(problem);
            context.Append(question.EndsWith(Gap, StringComparison.Ordinal) ? $"{question[^5..]}{options[gold]}\n"
                : $"Question: {question}\nAnswer: {options[gold]}\n");
        }
        (string last, string[] choices, int right) = Parts(problems[^1]);
        return TaskDocument.OfChoices(context + last, choices, right, isNormalized: false);
    }

    private static (string Question, string[] Options, int Gold) Parts(JsonValue problem)
    {
        string[] options = [.. problem.Required("options").Items().Select(option => option.Text())];
        string answer = problem.Required("answer").Text();
        int gold = answer.Length == 1 ? answer[0] - 'A' : -1;
        if (gold < 0 || gold >= options.Length) throw problem.Required("answer").Wrong("a letter of the options");
        return (problem.Required("question").Text(), options, gold);
    }
}
