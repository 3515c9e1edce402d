using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class DeployCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Deploy_MaskAndCheckpoint_AreSetBesideDense()
    {
        string pruned = _folder.File("pruned");
        CommandRun.Of("prune", TinyModel.Folder, "--data", TinyModel.TextPath, "--samples", "4", "--seq-len", "16", "--threads", "2",
            "--out", pruned).AssertSuccess();
        string[] options =
        [
            "--mask", Path.Combine(pruned, "mask.npz"), "--other", Path.Combine(pruned, "model"), "--type", "bfloat16", "int8",
            "--data", TinyModel.TextPath, .. TinyTasks.Write(_folder), "--max-memory", "100000",
        ];
        CommandRun run = Deploy("--json", options);

        run.AssertSuccess();
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        JsonNode[] rows = [.. report["rows"]!.AsArray()!];
        // The mask and the checkpoint of one run have one name first.
        Assert.Equal(["dense bf16", "dense int8", "pruned bf16", "pruned int8", "pruned/model bf16", "pruned/model int8"],
            rows.Select(row => $"{row["model"]} {row["type"]}"));
        Assert.Equal([0, 0, 14, 14, 14, 14], rows.Select(row => (int)row["sparse_layers"]!));
        Assert.All(rows, row =>
        {
            Assert.Equal(3, row["decode_tokens_per_second"]!.AsArray().Count);
            Assert.True((double)row["prefill_tokens_per_second"]! > 0);
            Assert.InRange((double)row["mean_perplexity"]!, 1, 1000);
            Assert.Equal(["piqa", "lambada_openai"], row["tasks"]!.AsObject().Select(task => task.Key));
        });
        Assert.True((double)rows[2]["file_mb"]! < (double)rows[0]["file_mb"]!);
        Assert.NotEqual((double)rows[2]["mean_perplexity"]!, (double)rows[4]["mean_perplexity"]!);
        Assert.StartsWith("Of what has at most 100000 MB resident, ", (string)report["choice"]!, StringComparison.Ordinal);
        Assert.Equal(["deploy.json", "plot.png", "rows", "speeds.json", "table.md"],
            Directory.GetFileSystemEntries(Out).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("| dense | int8 | ", File.ReadAllText(Path.Combine(Out, "table.md")).Replace("**", "", StringComparison.Ordinal),
            StringComparison.Ordinal);

        // What is measured stays; another limit chooses another row.
        string[] measured = [.. Directory.GetFiles(Path.Combine(Out, "rows")).Order(StringComparer.Ordinal)];
        string[] before = [.. measured.Select(File.ReadAllText)];
        CommandRun again = Deploy("--max-loss", ["0", .. options]);
        again.AssertSuccess();
        Assert.Contains("at most 0 nats a token over dense in bf16", again.Output, StringComparison.Ordinal);
        CommandRun other = Deploy("--limit", ["1", .. options]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("the table there was made with other limit", other.LastLine, StringComparison.Ordinal);
        // Speeds alone that are missing, whose files are packed once more.
        File.Delete(Path.Combine(Out, "speeds.json"));
        Deploy("--max-loss", ["1", .. options]).AssertSuccess();
        Assert.False(Directory.Exists(Path.Combine(Out, "files")));
        JsonNode[] rounds = [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Out, "speeds.json")))!["rounds"]!.AsArray()!];
        Assert.Equal(["dense bf16", "dense int8", "pruned bf16", "pruned int8", "pruned/model bf16", "pruned/model int8"],
            Assert.Single(rounds).AsObject().Select(row => row.Key));
        Assert.Equal(6, measured.Length);
        Assert.Equal(before, measured.Select(File.ReadAllText));
    }

    [Theory]
    [InlineData("--mask nothing.npz", "nothing.npz")]
    [InlineData("--eval-text nothing.txt", "--eval-text nothing.txt: no such file.")]
    [InlineData("--type int3", "int3")]
    [InlineData("--max-memory 0", "--max-memory is 0")]
    [InlineData("--other nothing", "nothing")]
    [InlineData("--type int8 int8", "named twice")]
    [InlineData("--tasks nothing --task-data .", "no such task")]
    public void Deploy_WhatMakesNoSense_IsRefused(string options, string said)
    {
        CommandRun run = Deploy("--threads", ["1", .. options.Split(' ')]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.LastLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void Deploy_TaskDataThatChanged_IsRefused()
    {
        string[] options = ["bfloat16", .. TinyTasks.Write(_folder)];
        Deploy("--type", options).AssertSuccess();
        File.AppendAllText(_folder.File("lambada_openai.jsonl"), "\n{\"text\":\"It was another\"}");
        CommandRun run = Deploy("--type", options);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("the table there was made with other inputs", run.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Deploy_BesideAnother_IsRefused()
    {
        Directory.CreateDirectory(Out);
        using FileStream other = new(Path.Combine(Out, ".running"), FileMode.Create, FileAccess.Write, FileShare.None);
        CommandRun run = Deploy("--type", ["bfloat16"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("another run is writing there", run.LastLine, StringComparison.Ordinal);
    }

    private string Out => _folder.File("deploy");

    private CommandRun Deploy(string first, string[] options) => CommandRun.Of(
        ["experiment", "deploy", TinyModel.Folder, "--eval-text", TinyModel.TextPath, "--seq-len", "16", "--max-windows", "4", "--repeats",
            "1", "--out", Out, first, .. options]);
}
