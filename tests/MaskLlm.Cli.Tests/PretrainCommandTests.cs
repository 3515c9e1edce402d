using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Models;
using MaskLlm.Tests;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public class PretrainCommandTests
{
    [Fact]
    public void Pretrain_InterruptedAndResumed_GivesTheSameWeights()
    {
        using TemporaryFolder folder = new();
        Pretrain(folder.File("whole")).AssertSuccess();

        // The line of the first step is written at once; the run stops after a step, with a checkpoint.
        CommandRun stopped = CommandRun.StoppedAt("pretraining", Arguments(folder.File("parts")));
        Assert.Equal(130, stopped.ExitCode);
        Assert.False(File.Exists(folder.File("parts/model.safetensors")));
        CommandRun.Of([.. Arguments(folder.File("parts")), "--resume"]).AssertSuccess();

        Assert.Equal(File.ReadAllBytes(folder.File("whole/model.safetensors")), File.ReadAllBytes(folder.File("parts/model.safetensors")));
        Assert.Equal(12, File.ReadLines(folder.File("parts/metrics.jsonl")).Count());
        Assert.False(Directory.Exists(folder.File("parts/checkpoint")));
        JsonObject inputs = JsonNode.Parse(File.ReadAllText(folder.File("parts/run.json")))!["inputs"]!.AsObject();
        Assert.Equal([Path.Combine(TinyModel.Folder, "config.json"), TinyModel.TextPath], inputs.Select(pair => pair.Key));
        Assert.All(inputs, pair => Assert.Equal(64, ((string)pair.Value!).Length));
    }

    [Theory]
    [InlineData("learning-rate", "0.5")]
    [InlineData("seed", "9")]
    [InlineData("batch-size", "3")]
    [InlineData("steps", "13")]
    public void Pretrain_ResumedWithAnotherOption_IsRefusedAndTheRunCanGoOn(string option, string value)
    {
        using TemporaryFolder folder = new();
        Assert.Equal(130, CommandRun.StoppedAt("pretraining", Arguments(folder.File("out"))).ExitCode);

        CommandRun other = CommandRun.Of([.. Changed(Arguments(folder.File("out")), $"--{option}", value), "--resume"]);

        Assert.Equal(2, other.ExitCode);
        Assert.Contains($"--resume: the run was started with {option} ", other.LastLine, StringComparison.Ordinal);
        Assert.EndsWith($"now it is {value}; give the same options, or start anew with --force.", other.LastLine, StringComparison.Ordinal);
        CommandRun.Of([.. Arguments(folder.File("out")), "--resume"]).AssertSuccess();
    }

    [Fact]
    public void Pretrain_ResumedWithAnotherText_IsRefused()
    {
        using TemporaryFolder folder = new();
        string text = folder.File("text.txt");
        File.Copy(TinyModel.TextPath, text);
        string[] arguments = Changed(Arguments(folder.File("out")), "--data", text);
        Assert.Equal(130, CommandRun.StoppedAt("pretraining", arguments).ExitCode);
        File.AppendAllText(text, "One more line.\n");

        CommandRun other = CommandRun.Of([.. arguments, "--resume"]);

        Assert.Equal(2, other.ExitCode);
        Assert.Matches("^--resume: .*text\\.txt is not what it was when the run was started; bring it back, or start anew with --force\\.$",
            other.LastLine);
    }

    [Fact]
    public void Continue_SameSeed_GivesTheSameText()
    {
        using Decoder model = Checkpoint.Load(TinyModel.Folder);
        Tokenizer tokenizer = ModelTokenizer.Load(TinyModel.Folder, model.Config);
        string Sample(ulong seed, float temperature) => TextGeneration.Continue(
            model, tokenizer, "the fox", 20, new SamplingOptions { Seed = seed, Temperature = temperature, TopK = 40 });

        Assert.Equal(Sample(1, 1), Sample(1, 1));
        Assert.NotEqual(Sample(1, 1), Sample(2, 1));
        Assert.Equal(Sample(1, 0), Sample(2, 0));
        Assert.Throws<ArgumentException>(() => TextGeneration.Continue(model, tokenizer, "", 20));
    }

    private static string[] Changed(string[] arguments, string option, string value) => Array.IndexOf(arguments, option) is >= 0 and var at
        ? [.. arguments[..(at + 1)], value, .. arguments[(at + 2)..]]
        : [.. arguments, option, value];

    private static CommandRun Pretrain(string output) => CommandRun.Of(Arguments(output));

    private static string[] Arguments(string output) =>
    [
        "pretrain", "--config", Path.Combine(TinyModel.Folder, "config.json"), "--data", TinyModel.TextPath, "--out", output,
        "--steps", "12", "--batch-size", "2", "--seq-len", "16", "--save-every", "5", "--eval-every", "6", "--threads", "1",
    ];
}
