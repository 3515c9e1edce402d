using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class ApplyCommandTests
{
    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-bf16-sharded")]
    [InlineData("llama-f16")]
    public void Apply_Model_WritesWhatMaskedWeightsComputes(string model)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TemporaryFolder folder = new();
        string source = Fixture.PathOf($"models/{model}"), mask = MaskFile(model, folder), target = folder.File("masked");

        CommandRun run = CommandRun.Of("apply", source, "--mask", mask, "--out", target);

        Assert.Equal((0, target), (run.ExitCode, run.Output.Trim()));
        using Decoder dense = Checkpoint.Load(source), written = Checkpoint.Load(target);
        using MaskedWeights applied = MaskedWeights.Apply(dense, MaskNpz.Read(mask, CheckpointConfig.LinearShapes(source)));
        Tensor ids = arange(40).view(2, 20);
        Assert.Equal(0, (dense.Forward(ids) - written.Forward(ids)).abs().max().item<float>());
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "config.json")), File.ReadAllBytes(Path.Combine(target, "config.json")));

        CommandRun inspected = CommandRun.Of("inspect", target, "--against", mask, "--json");
        JsonNode report = JsonNode.Parse(inspected.Output)!;
        Assert.Equal("2:4", (string?)report["pattern"]);
        Assert.Equal((long)report["agreement"]!["groups"]!, (long)report["agreement"]!["equal_groups"]!);
    }

    [Fact]
    public void Apply_Twice_IsRefusedUntilForced()
    {
        using TemporaryFolder folder = new();
        string source = Fixture.PathOf("models/llama-gqa-tied"), target = folder.File("masked");
        string[] arguments = ["apply", source, "--mask", MaskFile("llama-gqa-tied", folder), "--out", target];
        CommandRun.Of(arguments).AssertSuccess();
        byte[] weights = File.ReadAllBytes(Path.Combine(target, "model.safetensors"));
        File.WriteAllText(Path.Combine(target, "notes.txt"), "mine");

        CommandRun refused = CommandRun.Of(arguments);

        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("--force", refused.Error, StringComparison.Ordinal);
        CommandRun.Of([.. arguments, "--force"]).AssertSuccess();
        Assert.Equal("mine", File.ReadAllText(Path.Combine(target, "notes.txt")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "config.json")), File.ReadAllBytes(Path.Combine(target, "config.json")));
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(target, "model.safetensors")));
        Assert.Equal([".maskllm.json", "config.json", "model.safetensors", "notes.txt"],
            Directory.GetFileSystemEntries(target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Apply_MaskOfAnotherModel_WritesNoFolder()
    {
        using TemporaryFolder folder = new();
        CommandRun run = CommandRun.Of(
            "apply", Fixture.PathOf("models/llama-head-dim"), "--mask", MaskFile("llama-gqa-tied", folder), "--out", folder.File("masked"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("a mask of another model", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Apply_Interrupted_WritesNoFolder()
    {
        using TemporaryFolder folder = new();
        CommandRun run = CommandRun.Stopped(
            "apply", Fixture.PathOf("models/llama-gqa-tied"), "--mask", MaskFile("llama-gqa-tied", folder), "--out", folder.File("masked"));
        Assert.Equal(130, run.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("--mask", "absent.npz", "there is no such file")]
    [InlineData("--mask", "config.json", "no zip archive")]
    public void Apply_NoMaskThere_IsBadInput(string option, string name, string expected)
    {
        using TemporaryFolder folder = new();
        string model = Fixture.PathOf("models/llama-gqa-tied");
        CommandRun run = CommandRun.Of("apply", model, option, Path.Combine(model, name), "--out", folder.File("masked"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private static string MaskFile(string model, TemporaryFolder folder)
    {
        string original = Fixture.PathOf($"method/{model}.wanda.mask_compressed.npz");
        if (File.Exists(original)) return original;
        using Decoder dense = Checkpoint.Load(Fixture.PathOf($"models/{model}"));
        string path = folder.File("mask.npz");
        MaskNpz.Write(path, new OrderedDictionary<string, Mask>(
            dense.Linears.Select(layer => KeyValuePair.Create(layer.Name, Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour)))));
        return path;
    }
}
