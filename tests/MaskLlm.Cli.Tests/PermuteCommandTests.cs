using System.Text.Json.Nodes;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using MaskLlm.Tests;
using static TorchSharp.torch;

namespace MaskLlm.Cli.Tests;

/// <summary><c>permute</c>: the same function in another order, which keeps more, the same for a seed.</summary>
[Collection(TorchTests.Name)]
public sealed class PermuteCommandTests : IDisposable
{
    private const int BadInput = 2, Interrupted = 130;
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2:4")]
    [InlineData("1:2")]
    [InlineData("3:16")]
    public void Permute_AnyPattern_KeepsTheFunctionAndMoreOfTheScores(string pattern)
    {
        CommandRun run = Permute("--pattern", pattern, "--out", Out, "--json");
        run.AssertSuccess();
        JsonArray kept = JsonNode.Parse(run.Output)!["figures"]!["kept"]!.AsArray();
        Assert.Equal(["residual stream", "value heads", "MLP", "all"], kept.Select(row => (string)row!["channels"]!));
        Assert.Equal([10, 2, 2, 14], kept.Select(row => (int)row!["layers"]!));
        Assert.All(kept, row => Assert.InRange((double)row!["after"]!, (double)row["before"]!, 1));
        Assert.True((double)kept[^1]!["after"]! > (double)kept[^1]!["before"]!);
        using IDisposable noGradient = no_grad();
        using Decoder before = Checkpoint.Load(TinyModel.Folder), after = Checkpoint.Load(Out);
        Tensor ids = tensor([.. Enumerable.Range(0, 32).Select(i => (long)(i * 7 % 300))], [2, 16]);
        Tensor expected = before.Forward(ids);
        Assert.InRange((after.Forward(ids) - expected).abs().max().item<float>(), 0, 1e-4f);
        Assert.Equal(File.ReadAllBytes(Path.Combine(TinyModel.Folder, "tokenizer.json")),
            File.ReadAllBytes(Path.Combine(Out, "tokenizer.json")));
    }

    // What was 'before' in the new order is what was 'after' when it was found.
    [Fact]
    public void Permute_WhatWasPermuted_BeginsWhereItEnded()
    {
        Permute("--out", Out).AssertSuccess();
        string again = _folder.File("again");
        CommandRun.Of("permute", Out, "--data", TinyModel.TextPath, "--samples", "8", "--seq-len", "32", "--out", again, "--threads", "1")
            .AssertSuccess();
        foreach ((JsonNode? first, JsonNode? second) in Kept(Out).Zip(Kept(again)))
            Assert.Equal((double)first!["after"]!, (double)second!["before"]!, 1e-5);
    }

    [Fact]
    public void Permute_SameSeed_GivesTheSameBytesOnAnyThreadsAndFromItsRecord()
    {
        string second = _folder.File("second"), third = _folder.File("third");
        Permute("--out", Out).AssertSuccess();
        CommandRun.Of("permute", TinyModel.Folder, "--data", TinyModel.TextPath, "--samples", "8", "--seq-len", "32", "--out", second,
            "--threads", "2").AssertSuccess();
        CommandRun.Of("permute", "--config", Path.Combine(Out, "run.json"), "--out", third).AssertSuccess();
        Assert.Equal(Weights(Out), Weights(second));
        Assert.Equal(Weights(Out), Weights(third));
        Assert.NotEqual(Weights(TinyModel.Folder), Weights(Out));
    }

    [Fact]
    public void Permute_Model_PrintsATableAndTakesNoFolderThatIsInUse()
    {
        CommandRun run = Permute("--out", Out);
        run.AssertSuccess();
        Assert.Contains("residual stream", run.Output, StringComparison.Ordinal);
        Assert.Contains("scores kept before", run.Output, StringComparison.Ordinal);
        Assert.Contains("order of channels", run.Error, StringComparison.Ordinal);
        Refuses(Permute("--out", Out), "--force");
        string data = Path.Combine(Out, "run.json");
        Refuses(CommandRun.Of("permute", TinyModel.Folder, "--data", data, "--out", Out, "--force"), $"--data {data}");
        Permute("--out", Out, "--force", "--seed", "1").AssertSuccess();
        string copy = TinyModel.CopyTo(_folder.File("copy"));
        Refuses(CommandRun.Of("permute", copy, "--data", TinyModel.TextPath, "--out", copy, "--force"), "the folder of the model itself");
    }

    [Fact]
    public void Permute_PatternThatFitsAPart_OrdersThatPartAndSaysSo()
    {
        // Hidden size 32 and heads of 16; an MLP of 64.
        CommandRun run = Permute("--pattern", "2:32", "--out", Out);
        run.AssertSuccess();
        Assert.Contains("the order of value heads, whose channels groups share with the next head's, stays: head_dim is 16", run.Error,
            StringComparison.Ordinal);
        Assert.Equal(["residual stream", "MLP", "all"], Kept(Out).Select(row => (string)row!["channels"]!));
        Refuses(Permute("--pattern", "2:5", "--out", _folder.File("none")), "hidden_size is 32, and 2:5 orders multiples of 5");
    }

    [Fact]
    public void Permute_NoDataOrTooLittle_IsOneSentence()
    {
        Refuses(CommandRun.Of("permute", TinyModel.Folder, "--out", Out), "--data");
        Refuses(CommandRun.Of("permute", TinyModel.Folder, "--data", _folder.File("missing.txt"), "--out", Out), "missing.txt");
        Refuses(Permute("--seq-len", "65", "--out", Out), "--seq-len is 65; 1 to 64");
        Assert.False(Directory.Exists(Out));
    }

    [Theory]
    [InlineData("squares of the layers' inputs")]
    [InlineData("order of channels")]
    [InlineData("writing")]
    public void Permute_Interrupted_LeavesNothing(string phase)
    {
        CommandRun run = CommandRun.StoppedAt(phase, "permute", TinyModel.Folder, "--data", TinyModel.TextPath, "--samples", "8",
            "--seq-len", "32", "--out", Out, "--threads", "1");
        Assert.Equal(Interrupted, run.ExitCode);
        Assert.False(Directory.Exists(Out));
    }

    private static CommandRun Permute(params string[] more)
    {
        string[] usual = more.Contains("--seq-len") ? [] : ["--seq-len", "32"];
        return CommandRun.Of(["permute", TinyModel.Folder, "--data", TinyModel.TextPath, "--samples", "8", "--threads", "1", .. usual,
            .. more]);
    }

    private static void Refuses(CommandRun run, string expected)
    {
        Assert.Equal(BadInput, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private static JsonArray Kept(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "run.json")))!["figures"]!["kept"]!.AsArray();

    private static byte[] Weights(string folder)
    {
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        return [.. file.Tensors.Keys.SelectMany(name => file.Bytes(name).ToArray())];
    }
}
