using MaskLlm.Formats.Parquet;
using MaskLlm.Tasks;
using Parquet.Serialization;

namespace MaskLlm.Fuzz;

/// <summary>Readers of tasks and of tables.</summary>
internal static class TaskReaders
{
    private const string Articles = """
        {"article":"A fox.","problems":"[{'question': \"It's\", 'answer': 'B', 'options': ['a\\n', 'b']}, {'question': 'We  _  .', 'answer': 'A', 'options': ['go', '\\u00e9']}]"}
        {"article":"A hen.","question":"Q?","options":["a","b"],"answer":"A"}
        """;

    private const string Questions = """
        {"question":"What falls?","choices":{"text":["up","an apple"],"label":["A","B"]},"answerKey":"B"}
        {"query":"Question: it?","choices":["a","b"],"gold":1}
        """;

    private const string Own = """
        {"name":"colours","files":["c.jsonl"],"context":"{{ thing | capitalize }} is","choices":"{{ options | tojson }}","gold":"{{ right }}","delimiter":" ","acc_norm":true}
        """;

    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        FuzzReaders.Make("parquet", () => [FuzzSeed.Of("a.parquet", Table())], input =>
        {
            foreach (string text in ParquetTable.Texts(input.Path(), "text")) GC.KeepAlive(text);
            foreach (System.Text.Json.Nodes.JsonObject row in ParquetTable.Rows(input.Path())) GC.KeepAlive(row);
        }),
        FuzzReaders.Make("race", () => [FuzzSeed.Of("race.jsonl", Articles)], input => Read(input, "race")),
        FuzzReaders.Make("arc", () => [FuzzSeed.Of("arc_easy.jsonl", Questions)], input => Read(input, "arc_easy")),
        FuzzReaders.Make("own-task", () => FuzzSeed.Folder(("task.json", Own), ("c.jsonl",
            """{"thing":"snow","options":["white","black"],"right":0}""")), input =>
            Read(input, Path.Combine(input.Folder(), "task.json"))),
    ];

    private static void Read(FuzzInput input, string task)
    {
        string folder = input.Folder();
        try
        {
            foreach (TaskDefinition definition in TaskCatalog.Find([task]))
                foreach (TaskDocument document in definition.Read(new TaskData(folder).Read(definition))) GC.KeepAlive(document);
        }
        catch (FileNotFoundException)
        {
            // A task may name other files.
        }
    }

    private static byte[] Table()
    {
        using MemoryStream file = new();
        Row[] rows = [.. Enumerable.Range(0, 20).Select(i => new Row { Number = i, text = $"row {i % 3}", Options = ["a", $"{i}"] })];
        ParquetSerializer.SerializeAsync(rows, file).GetAwaiter().GetResult();
        return file.ToArray();
    }

    private sealed class Row
    {
        public int Number { get; set; }

        public string text { get; set; } = "";

        public List<string> Options { get; set; } = [];
    }
}
