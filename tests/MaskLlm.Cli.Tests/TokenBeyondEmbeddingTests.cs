using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>A tokenizer with a token that the model has no embedding for: no fault of the checkpoint, and of a text that has it in every
/// verb.</summary>
public class TokenBeyondEmbeddingTests
{
    private const string Sentence = "the text has the token '[PAD]' (300), and the model's embeddings end at 299; take it out of the text.";

    [Theory]
    [InlineData("eval", "--data", "TEXT", "--seq-len", "32", "--max-windows", "2")]
    [InlineData("prune", "--method", "wanda", "--data", "TEXT", "--samples", "2", "--out", "OUT")]
    [InlineData("learn", "--data", "TEXT", "--steps", "1", "--batch-size", "1", "--seq-len", "16", "--prior", "magnitude", "--out", "OUT")]
    [InlineData("sensitivity", "--data", "TEXT", "--mask", "magnitude", "--max-windows", "1", "--seq-len", "32")]
    [InlineData("generate", "--prompt", "@TEXT", "--max-tokens", "2", "--context", "64")]
    public void Verb_WithATextThatHasIt_SaysSoAndWithAnyOtherTakesIt(params string[] words)
    {
        using TemporaryFolder folder = new();
        string model = Model(folder), good = folder.File("good.txt"), bad = folder.File("bad.txt");
        File.WriteAllText(good, File.ReadAllText(TinyModel.TextPath)[..20_000]);
        File.WriteAllText(bad, File.ReadAllText(good) + "a [PAD] b");
        string[] With(string text, string prompt) =>
            [words[0], model, .. words[1..]
                .Select(word => word switch { "TEXT" => text, "@TEXT" => prompt, "OUT" => folder.File("out"), _ => word }), "--threads",
                "1"];
        CommandRun refused = CommandRun.Of(With(bad, "a [PAD] b"));
        Assert.Equal(2, refused.ExitCode);
        Assert.EndsWith(Sentence, refused.LastLine, StringComparison.Ordinal);
        if (words.Contains("TEXT")) Assert.StartsWith(bad, refused.LastLine, StringComparison.Ordinal);
        CommandRun.Of(With(good, "the fox")).AssertSuccess();
    }

    [Theory]
    [InlineData("runtime")]
    [InlineData("gguf")]
    public void Export_IsWritten(string format)
    {
        using TemporaryFolder folder = new();
        string file = folder.File("file");
        CommandRun run = CommandRun.Of("export", Model(folder), "--format", format, "--out", file);
        run.AssertSuccess();
        if (format == "gguf")
            Assert.Contains("'[PAD]' (300) beyond the 300 embeddings of the model: left out.", run.Error, StringComparison.Ordinal);
        else Assert.EndsWith(Sentence, CommandRun.Of("generate", file, "--prompt", "a [PAD]", "--threads", "1").LastLine,
            StringComparison.Ordinal);
    }

    private static string Model(TemporaryFolder folder)
    {
        string model = TinyModel.CopyTo(folder.File("model")), file = Path.Combine(model, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(file))!;
        tokenizer["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id": 300, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""));
        File.WriteAllText(file, tokenizer.ToJsonString());
        return model;
    }
}
