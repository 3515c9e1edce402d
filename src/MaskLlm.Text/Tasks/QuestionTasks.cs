using System.Globalization;
using System.Text.Json;
using MaskLlm.Json;

namespace MaskLlm.Tasks;

/// <summary>Questions whose choices are texts: arc_easy, arc_challenge, piqa, openbookqa, boolq, copa, mmlu.</summary>
/// <remarks>
/// Records are those of the data sets on the Hugging Face hub, asked as lm-evaluation-harness 0.4 does; or those of llm-foundry, with
/// <c>query</c>, <c>choices</c> and <c>gold</c>, whose query is taken as it stands.
/// </remarks>
internal static class QuestionTasks
{
    private const string Answer = "\nAnswer:";

    internal static IEnumerable<TaskDefinition> All =>
    [
        TaskDefinition.OfRecords("arc_easy", ["arc_easy.json*", "arc_easy.parquet", "arc_easy/test*", "**/ARC-Easy/test*"], Arc),
        TaskDefinition.OfRecords("arc_challenge",
            ["arc_challenge.json*", "arc_challenge.parquet", "arc_challenge/test*", "**/ARC-Challenge/test*"], Arc),
        TaskDefinition.OfRecords("piqa", ["piqa.json*", "piqa.parquet", "piqa_validation.*", "**/piqa/**/validation*"], Piqa),
        TaskDefinition.OfRecords("openbookqa",
            ["openbookqa.json*", "openbook_qa.json*", "openbookqa.parquet", "**/openbookqa/main/test*", "**/openbookqa/test*"], OpenBook),
        TaskDefinition.OfRecords("boolq", ["boolq.json*", "boolq.parquet", "**/boolq/**/val*"], BoolQ),
        TaskDefinition.OfRecords("copa", ["copa.json*", "copa.parquet", "**/copa/**/val*"], Copa),
        .. MmluSubjects.All.Select(subject => TaskDefinition.OfRecords($"mmlu_{subject}",
            [$"mmlu_{subject}.json*", $"mmlu_{subject}.parquet", $"**/{subject}/test*"], record => Mmlu(subject, record)) with
        {
            Group = "mmlu",
        }),
    ];

    private static TaskDocument Arc(JsonValue record) => IsQuery(record) ? OfQuery(record, Answer)
        : OfLabels(record, $"Question: {record.Required("question").Text()}{Answer}");

    private static TaskDocument Piqa(JsonValue record) => IsQuery(record) ? OfQuery(record, Answer) : TaskDocument.OfChoices(
        $"Question: {record.Required("goal").Text()}{Answer}", [record.Required("sol1").Text(), record.Required("sol2").Text()],
        Index(record.Required("label"), 2));

    private static TaskDocument OpenBook(JsonValue record) => IsQuery(record) ? OfQuery(record, "")
        : OfLabels(record, record.Required("question_stem").Text());

    private static TaskDocument BoolQ(JsonValue record) => IsQuery(record) ? OfQuery(record, Answer, isNormalized: false)
        : TaskDocument.OfChoices(
            $"{record.Required("passage").Text()}\nQuestion: {record.Required("question").Text()}?{Answer}", ["no", "yes"],
            record.Member("answer") is { } answer && !record.Has("label") ? answer.Flag() ? 1 : 0 : Index(record.Required("label"), 2),
            isNormalized: false);

    // The choice brings a space of its own beside the one that is put before every choice.
    private static TaskDocument Copa(JsonValue record)
    {
        if (IsQuery(record)) return OfQuery(record, "", isNormalized: false);
        string premise = record.Required("premise").Text().Trim(), word = record.Required("question").Text() switch
        {
            "cause" => "because",
            "effect" => "therefore",
            _ => throw record.Required("question").Wrong("cause or effect"),
        };
        string Choice(string key) => " " + Lowered(record.Required(key).Text());
        return TaskDocument.OfChoices($"{premise[..^Math.Min(1, premise.Length)]} {word}", [Choice("choice1"), Choice("choice2")],
            Index(record.Required("label"), 2), isNormalized: false);
    }

    private static TaskDocument Mmlu(string subject, JsonValue record)
    {
        string[] choices = [.. record.Required("choices").Items().Select(choice => choice.Text())];
        string[] letters = [.. choices.Select((_, index) => $"{(char)('A' + index)}")];
        string listed = string.Concat(choices.Zip(letters, (choice, letter) => $"\n{letter}. {choice}"));
        return TaskDocument.OfChoices(
            $"The following are multiple choice questions (with answers) about {subject.Replace('_', ' ')}.\n\n"
                + $"{record.Required("question").Text().Trim()}{listed}{Answer}",
            letters, Index(record.Required("answer"), choices.Length), isNormalized: false);
    }

    private static bool IsQuery(JsonValue record) => record.Has("query");

    private static TaskDocument OfQuery(JsonValue record, string end, bool isNormalized = true)
    {
        string[] choices = [.. record.Required("choices").Items().Select(choice => choice.Text())];
        return TaskDocument.OfChoices(record.Required("query").Text() + end, choices, Index(record.Required("gold"), choices.Length),
            isNormalized);
    }

    // choices.text and choices.label, whose label answerKey names.
    private static TaskDocument OfLabels(JsonValue record, string context)
    {
        JsonValue choices = record.Required("choices"), key = record.Required("answerKey");
        string[] labels = [.. choices.Required("label").Items().Select(label => label.Text())];
        int gold = Array.IndexOf(labels, key.Text().TrimStart());
        if (gold < 0) throw key.Wrong($"one of {string.Join(", ", labels)}");
        return TaskDocument.OfChoices(context, choices.Required("text").Items().Select(text => text.Text()), gold);
    }

    /// <summary>A choice's number, from 0, as a number or its digits.</summary>
    internal static int Index(JsonValue value, int choices)
    {
        int index = value.Kind == JsonValueKind.String
            && int.TryParse(value.Text(), NumberStyles.None, CultureInfo.InvariantCulture, out int digits) ? digits : value.Int();
        return index >= 0 && index < choices ? index : throw value.Wrong($"a choice from 0 to {choices - 1}");
    }

    private static string Lowered(string text) => text.Length == 0 ? text : char.ToLowerInvariant(text[0]) + text[1..];
}
