using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>What a checkpoint holds and nothing reads is said once, by every verb, and not among the results.</summary>
[Collection(TorchTests.Name)]
public sealed class ModelNotesTests : IDisposable
{
    private const string Unread = "nothing reads 9 of the file's tensors, which config.json does not describe: ";
    private readonly TemporaryFolder _folder = new();

    private string Model => new BrokenModel(_folder.File("model")).WithConfig("num_hidden_layers", 1).Folder;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryVerb_TensorsThatNothingReads_AreNamedOnce()
    {
        string model = Model, mask = _folder.File("pruned/mask.npz");
        string[][] verbs =
        [
            ["prune", model, "--method", "magnitude", "--out", _folder.File("pruned")],
            ["apply", model, "--mask", mask, "--out", _folder.File("applied")],
            ["inspect", mask, "--model", model],
            ["merge", mask, mask, "--model", model, "--out", _folder.File("merged.npz")],
            ["eval", model, "--mask", mask, "--data", TinyModel.TextPath, "--seq-len", "32", "--max-windows", "1", "--threads", "1"],
            ["export", model, "--format", "runtime", "--out", _folder.File("packed")],
            ["generate", model, "--prompt", "the fox", "--max-tokens", "1", "--threads", "1"],
        ];
        foreach (string[] verb in verbs)
        {
            CommandRun run = CommandRun.Of(verb);
            run.AssertSuccess();
            Assert.Single(run.Error.Split('\n'), line => line.Contains(Unread, StringComparison.Ordinal));
            Assert.DoesNotContain("nothing reads", run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Export_WithoutATokenizer_IsSaidThenAndByWhoNeedsOne()
    {
        string file = _folder.File("packed"), model = TinyModel.CopyTo(_folder.File("model"));
        File.Delete(Path.Combine(model, "tokenizer.json"));
        const string Said = "has no tokenizer, nor has the file: eval takes token ids, and generate and serve need one.";
        foreach (string type in new[] { "bfloat16", "int4" })
            Assert.Contains(Said, CommandRun.Of("export", model, "--type", type, "--out", file, "--force").Error, StringComparison.Ordinal);
        CommandRun run = CommandRun.Of("generate", file, "--prompt", "the fox", "--max-tokens", "1", "--threads", "1");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{file} holds no tokenizer; export it again from a folder that has", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Said, CommandRun.Of("export", TinyModel.Folder, "--out", file, "--force").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_WholeCheckpoint_SaysNothingOfTensors()
    {
        CommandRun run = CommandRun.Of(
            "eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--seq-len", "32", "--max-windows", "1", "--threads", "1");
        run.AssertSuccess();
        Assert.DoesNotContain("tensors", run.Error, StringComparison.Ordinal);
    }
}
