using System.Text.RegularExpressions;
using MaskLlm.Json;

namespace MaskLlm.Tasks;

/// <summary>Sentences that go on in a right or a wrong way: hellaswag, winogrande, lambada_openai, blimp.</summary>
/// <remarks>As <see cref="QuestionTasks"/>; of llm-foundry's records winogrande has <c>context_options</c> and <c>continuation</c>, lambada
/// <c>context</c> and <c>continuation</c>.</remarks>
internal static partial class SentenceTasks
{
    internal static IEnumerable<TaskDefinition> All =>
    [
        TaskDefinition.OfRecords("hellaswag",
            ["hellaswag.json*", "hellaswag.parquet", "hellaswag_val.json*", "**/hellaswag/**/val*"], HellaSwag),
        TaskDefinition.OfRecords("winogrande",
            ["winogrande.json*", "winogrande.parquet", "**/winogrande_xl/val*", "**/winogrande/val*"], WinoGrande),
        TaskDefinition.OfRecords("lambada_openai",
            ["lambada_openai.json*", "lambada_openai.parquet", "**/lambada_test.json*", "**/lambada_openai/default/test*",
                "**/lambada_openai/test*"], Lambada),
        .. BlimpPhenomena.All.Select(name => TaskDefinition.OfRecords($"blimp_{name}",
            [$"blimp_{name}.json*", $"blimp_{name}.parquet", $"**/{name}.jsonl", $"**/{name}/train*", $"blimp.tar.gz#{name}.jsonl"],
            Blimp) with
        {
            Group = "blimp",
        }),
    ];

    private static TaskDocument HellaSwag(JsonValue record)
    {
        string second = record.Required("ctx_b").Text();
        string context = $"{record.Required("activity_label").Text()}: {record.Required("ctx_a").Text()} {Capitalised(second)}";
        string[] endings = [.. record.Required("endings").Items().Select(ending => Cleaned(ending.Text()))];
        return TaskDocument.OfChoices(Cleaned(context), endings, QuestionTasks.Index(record.Required("label"), endings.Length));
    }

    // As Python capitalises: the first letter up and all others down.
    private static string Capitalised(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    // The marks of WikiHow; what is left by a mark at an end stays.
    private static string Cleaned(string text) =>
        Mark().Replace(text.Trim().Replace(" [title]", ". ", StringComparison.Ordinal), "").Replace("  ", " ", StringComparison.Ordinal);

    // Each name in the place of the gap, and what follows the gap behind both.
    private static TaskDocument WinoGrande(JsonValue record)
    {
        if (record.Member("context_options") is { } options)
        {
            string[] contexts = [.. options.Items().Select(option => option.Text())];
            return OfContexts(contexts, record.Required("continuation").Text(),
                QuestionTasks.Index(record.Required("gold"), contexts.Length));
        }
        string sentence = record.Required("sentence").Text();
        int gap = sentence.IndexOf('_', StringComparison.Ordinal);
        if (gap < 0) throw record.Required("sentence").Wrong("a sentence with a gap, _");
        int gold = record.Required("answer").Text() switch
        {
            "1" => 0,
            "2" => 1,
            _ => throw record.Required("answer").Wrong("\"1\" or \"2\""),
        };
        string Filled(string key) => sentence[..gap] + record.Required(key).Text();
        return OfContexts([Filled("option1"), Filled("option2")], sentence[(gap + 1)..].Trim(), gold);
    }

    private static TaskDocument OfContexts(string[] contexts, string continuation, int gold) =>
        new([.. contexts.Select(context => new TaskRequest(context, " " + continuation))], gold);

    // The last word, where only a single space ends one.
    private static TaskDocument Lambada(JsonValue record)
    {
        if (record.Has("continuation"))
            return new([new TaskRequest(record.Required("context").Text(), " " + record.Required("continuation").Text())], null);
        string text = record.Required("text").Text();
        int last = Math.Max(0, text.LastIndexOf(' '));
        return new([new TaskRequest(text[..last], last == 0 ? " " + text : text[last..])], null);
    }

    // lm-evaluation-harness puts its space before each sentence of the hub's records; the files of the original are asked as they stand.
    private static TaskDocument Blimp(JsonValue record)
    {
        string space = record.Has("pairID") ? "" : " ";
        TaskRequest Of(string key) => new("", space + record.Required(key).Text());
        return new([Of("sentence_good"), Of("sentence_bad")], 0);
    }

    [GeneratedRegex(@"\[.*?\]", RegexOptions.CultureInvariant)]
    private static partial Regex Mark();
}
