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
            Assert.Equal(["mask", "perplexity", "tokens", "windows", "tail_tokens", "seconds"], row.Select(member => member.Key));
            Assert.Equal((5, (int)row["tokens"]! % 16), ((int)row["windows"]!, (int)row["tail_tokens"]!));
        }
        Assert.Equal((double)rows[1]["perplexity"]!, (double)rows[2]["perplexity"]!);
        Assert.NotEqual((double)rows[0]["perplexity"]!, (double)rows[1]["perplexity"]!);
        Assert.Contains("evaluating the dense model", run.Error, StringComparison.Ordinal);
    }

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
