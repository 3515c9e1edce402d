using System.CommandLine;
using System.Text.Json;

namespace MaskLlm.LlamaCpp;

/// <summary>llama.cpp's tokenizer beside recorded ids: lines of JSON with a text and its ids.</summary>
internal static class TokensVerb
{
    private const int Shown = 5;

    internal static Command Create()
    {
        Argument<string> file = new("gguf") { Description = "The GGUF file." };
        Argument<string> recorded = new("encodings") { Description = "Lines of JSON with `text` and `ids`." };
        Command command = new("tokens", "Texts for which llama.cpp gives other ids than recorded.") { file, recorded };
        command.SetAction(parsed => Run(parsed.GetValue(file)!, parsed.GetValue(recorded)!));
        return command;
    }

    private static void Run(string file, string recorded)
    {
        using LlamaModel model = new(file, contextTokens: 32, threads: 1);
        (string Text, int[] Ids)[] texts = [.. File.ReadLines(recorded).Select(Read)];
        (string Text, int[] Ids)[] other = [.. texts.Where(entry => !model.Tokenize(entry.Text).AsSpan().SequenceEqual(entry.Ids))];
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            file,
            texts = texts.Length,
            differing = other.Length,
            first = other.Take(Shown)
            .Select(entry => entry.Text)
        }));
    }

    private static (string Text, int[] Ids) Read(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return (document.RootElement.GetProperty("text").GetString()!,
            [.. document.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]);
    }
}
