using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Data of two small tasks, and the options that ask them.</summary>
internal static class TinyTasks
{
    internal static string[] Write(TemporaryFolder folder)
    {
        File.WriteAllLines(folder.File("piqa.jsonl"),
        [
            """{"goal":"Open it","sol1":"pull","sol2":"push","label":1}""", """{"goal":"Shut it","sol1":"with a key","sol2":"off","label":0}""",
        ]);
        File.WriteAllText(folder.File("lambada_openai.jsonl"), """{"text":"It was a word"}""");
        return ["--tasks", "piqa,lambada_openai", "--task-data", folder.Path];
    }
}
