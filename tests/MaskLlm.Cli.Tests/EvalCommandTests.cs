using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class EvalCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Eval_DenseAndMasks_PrintsOneObjectWithARowEach()
    {
        string text = TinyModel.TextPath, mask = Mask(TinyModel.Folder);

        CommandRun run = CommandRun.Of("eval", TinyModel.Folder, "--data", text, "--mask", mask, "--mask", mask, "--seq-len", "16",
            "--max-windows", "5", "--threads", "2", "--json");

        run.AssertSuccess();
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["model", "data", "seq_len", "arithmetic", "rows"], report.Select(member => member.Key));
        Assert.Equal((TinyModel.Folder, text, 16), ((string?)report["model"], (string?)report["data"], (int)report["seq_len"]!));
        JsonObject[] rows = [.. report["rows"]!.AsArray().Select(row => row!.AsObject())];
        Assert.Equal([null, mask, mask], rows.Select(row => (string?)row["mask"]));
        foreach (JsonObject row in rows)
        {
            Assert.Equal("mask perplexity tokens windows tail_tokens seconds bits_per_byte byte_perplexity word_perplexity",
                string.Join(' ', row.Select(member => member.Key)));
            Assert.Equal((5, (int)row["tokens"]! % 16), ((int)row["windows"]!, (int)row["tail_tokens"]!));
        }
        Assert.Equal((double)rows[1]["perplexity"]!, (double)rows[2]["perplexity"]!);
        Assert.NotEqual((double)rows[0]["perplexity"]!, (double)rows[1]["perplexity"]!);
        Assert.Contains("evaluating the dense model", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A row each, a line each of the log, and the same figures by the packed file.</summary>
    [Fact]
    public void Eval_Tasks_AskEveryRowAndThePackedFile()
    {
        string mask = Mask(TinyModel.Folder), log = _folder.File("log.jsonl"), packed = _folder.File("m.maskllm");
        string[] tasks = Tasks();
        CommandRun run = CommandRun.Of(
            ["eval", TinyModel.Folder, .. tasks, "--mask", mask, "--log-samples", log, "--threads", "2", "--json"]);
        run.AssertSuccess();
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal([null, null], new[] { (string?)report["data"], (string?)report["seq_len"] });
        JsonNode[] rows = [.. report["rows"]!.AsArray()!];
        Assert.Equal([null, mask], rows.Select(row => (string?)row["mask"]));
        Assert.All(rows, row => Assert.Equal(["mask", "tasks"], row.AsObject().Select(member => member.Key)));
        Assert.Equal(["piqa", "lambada_openai"], rows[0]["tasks"]!.AsObject().Select(task => task.Key));
        Assert.Equal(["docs", "acc", "stderr", "acc_norm", "acc_norm_stderr", "seconds"],
            rows[0]["tasks"]!["piqa"]!.AsObject().Select(figure => figure.Key));
        Assert.Equal(2, (int)rows[0]["tasks"]!["piqa"]!["docs"]!);
        JsonNode[] lines = [.. File.ReadLines(log).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(["-piqa-0", "-piqa-1", "-lambada_openai-0", $"{mask}-piqa-0", $"{mask}-piqa-1", $"{mask}-lambada_openai-0"],
            lines.Select(line => $"{line["mask"]}-{line["task"]}-{line["doc"]}"));
        Assert.NotEqual((double)lines[0]["requests"]![0]!["loglikelihood"]!, (double)lines[3]["requests"]![0]!["loglikelihood"]!);

        CommandRun.Of("export", TinyModel.Folder, "--type", "float32", "--out", packed).AssertSuccess();
        string other = _folder.File("other.jsonl");
        CommandRun.Of(["eval", packed, .. tasks, "--log-samples", other, "--threads", "2"]).AssertSuccess();
        foreach ((JsonNode torch, JsonNode runtime) in lines.Zip(File.ReadLines(other).Select(line => JsonNode.Parse(line)!)))
            foreach ((JsonNode? one, JsonNode? two) in torch["requests"]!.AsArray().Zip(runtime["requests"]!.AsArray()))
                Assert.Equal((double)one!["loglikelihood"]!, (double)two!["loglikelihood"]!, 2e-3);
    }

    [Fact]
    public void Eval_TasksForPeople_PrintsATaskARow()
    {
        CommandRun run = CommandRun.Of(["eval", TinyModel.Folder, .. Tasks(), "--limit", "1", "--data", TinyModel.TextPath, "--seq-len",
            "16", "--max-windows", "2", "--threads", "2"]);
        run.AssertSuccess();
        Assert.Contains("bits/byte", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"piqa +dense +1 ", run.Output);
        Assert.Matches(@"lambada_openai +dense +1 ", run.Output);
        Assert.Contains("no examples before the question, float32", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "nothing to measure: name a text with --data, or --tasks.")]
    [InlineData("--tasks piqa", "--tasks needs --task-data")]
    [InlineData("--limit 3 --data TEXT", "--limit is of no use without --tasks.")]
    [InlineData("--tasks nothing --task-data FOLDER", "--tasks nothing: no such task; there are")]
    [InlineData("--tasks copa --task-data FOLDER", "FOLDER: no file of copa in it; looked for copa.json*")]
    [InlineData("--tasks piqa --task-data FOLDER --limit 0", "--limit is 0")]
    [InlineData("--log-samples x --data TEXT", "--log-samples x: there are no --tasks to log.")]
    [InlineData("--tasks piqa --task-data nowhere", "--task-data nowhere: there is no such folder.")]
    [InlineData("--tasks piqa --task-data FOLDER --log-samples FOLDER/piqa.jsonl", "--log-samples FOLDER/piqa.jsonl: there is something of")]
    [InlineData("--tasks piqa --task-data FOLDER --log-samples FOLDER", "--log-samples FOLDER: a file in a folder that exists is needed.")]
    public void Eval_TasksThatMakeNoSense_AreRefused(string options, string said)
    {
        Tasks();
        string Placed(string text) => text.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)
            .Replace("TEXT", TinyModel.TextPath, StringComparison.Ordinal);
        CommandRun run = CommandRun.Of(["eval", TinyModel.Folder, .. Placed(options).Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(Placed(said), run.Error, StringComparison.Ordinal);
    }

    private string[] Tasks() => TinyTasks.Write(_folder);

    [Fact]
    public void Eval_ForPeople_PrintsATableAndTheProtocol()
    {
        string mask = Mask(TinyModel.Folder);

        CommandRun run = CommandRun.Of("eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", mask, "--seq-len", "16",
            "--max-windows", "9", "--threads", "2");

        run.AssertSuccess();
        Assert.Contains("dense", run.Output, StringComparison.Ordinal);
        Assert.Contains(mask, run.Output, StringComparison.Ordinal);
        Assert.Contains("the first 9 of ", run.Output, StringComparison.Ordinal);
        Assert.Contains("windows of 16 tokens", run.Output, StringComparison.Ordinal);
        Assert.Contains("15 predicted tokens in each", run.Output, StringComparison.Ordinal);
        Assert.Contains("dropped", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_NoLength_TakesTheModelsPositions()
    {
        CommandRun run = CommandRun.Of("eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--max-windows", "2", "--threads", "2",
            "--json");
        Assert.Equal(64, (int)JsonNode.Parse(run.Output)!["seq_len"]!);
    }

    [Fact]
    public void Eval_CompressedText_GivesTheSamePerplexity()
    {
        string text = TinyModel.TextPath, compressed = _folder.File("text.txt.gz");
        using (System.IO.Compression.GZipStream gzip = new(File.Create(compressed), System.IO.Compression.CompressionMode.Compress))
            gzip.Write(File.ReadAllBytes(text));
        Assert.Equal(PerplexityOf(text), PerplexityOf(compressed));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Eval_RuntimeFile_GivesThePerplexityOfTheFolder(bool isSparse)
    {
        string file = _folder.File("tiny.maskllm"), mask = Mask(TinyModel.Folder);
        string[] masked = isSparse ? ["--mask", mask] : [];
        CommandRun.Of(["export", TinyModel.Folder, .. masked, "--type", "float32", "--out", file]).AssertSuccess();
        string[] window = ["--data", TinyModel.TextPath, "--seq-len", "64", "--max-windows", "3", "--threads", "2", "--json"];

        CommandRun run = CommandRun.Of(["eval", file, .. window]);

        run.AssertSuccess();
        JsonNode report = JsonNode.Parse(run.Output)!,
            expected = JsonNode.Parse(CommandRun.Of(["eval", TinyModel.Folder, .. masked, .. window]).Output)!["rows"]!.AsArray()[^1]!;
        JsonNode row = Assert.Single(report["rows"]!.AsArray())!;
        Assert.StartsWith("weights in float32 on the CPU runtime", (string?)report["arithmetic"], StringComparison.Ordinal);
        Assert.Equal(isSparse ? "in the file" : null, (string?)row["mask"]);
        Assert.Equal(1, (double)row["perplexity"]! / (double)expected["perplexity"]!, 1e-5);
        Assert.Equal(((int)expected["tokens"]!, (int)expected["windows"]!, (int)expected["tail_tokens"]!),
            ((int)row["tokens"]!, (int)row["windows"]!, (int)row["tail_tokens"]!));
        Refused("whose mask is its own", file, "--data", TinyModel.TextPath, "--mask", mask);
    }

    [Fact]
    public void Eval_BadInput_SaysWhatInOneSentence()
    {
        string text = TinyModel.TextPath, none = _folder.File("none");
        string withoutTokenizer = TinyModel.CopyTo(_folder.File("model"));
        File.Delete(Path.Combine(withoutTokenizer, "tokenizer.json"));

        Refused("tokenizer.json", withoutTokenizer, "--data", text);
        Refused("no such file", TinyModel.Folder, "--data", none);
        Refused("a folder", TinyModel.Folder, "--data", _folder.Path);
        Refused("empty", TinyModel.Folder, "--data", _folder.Write("empty.txt", []));
        Refused("no UTF-8 at byte 1", TinyModel.Folder, "--data", _folder.Write("latin1.txt", [65, 0xE9, 65]));
        Refused("another model", TinyModel.Folder, "--data", text, "--mask", Mask(Fixture.PathOf("models/llama-mha-untied")));
        Refused(none, TinyModel.Folder, "--data", text, "--mask", none);
        Refused("hf download", "somebody/some-model", "--data", text);
        Refused("64 positions", TinyModel.Folder, "--data", text, "--seq-len", "65");
        Refused("at least 2 is needed", TinyModel.Folder, "--data", text, "--seq-len", "1");
        Refused("--max-windows is 0", TinyModel.Folder, "--data", text, "--max-windows", "0");
        Refused("one window of 64", TinyModel.Folder, "--data", _folder.Write("short.txt", "short"u8.ToArray()));
        Refused("--data", TinyModel.Folder);
    }

    [Fact]
    public void Eval_Interrupted_Says130() =>
        Assert.Equal(130, CommandRun.Stopped("eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--threads", "2").ExitCode);

    private static void Refused(string expected, params string[] arguments)
    {
        CommandRun run = CommandRun.Of(["eval", .. arguments, "--json"]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private string Mask(string model)
    {
        string folder = _folder.File(Guid.NewGuid().ToString("N"));
        CommandRun.Of("prune", model, "--method", "magnitude", "--out", folder, "--threads", "2").AssertSuccess();
        return Path.Combine(folder, "mask.npz");
    }

    private static double PerplexityOf(string text) =>
        (double)JsonNode.Parse(CommandRun.Of("eval", TinyModel.Folder, "--data", text, "--max-windows", "2", "--threads", "2",
            "--json").Output)!["rows"]![0]!["perplexity"]!;
}
