using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Patterns;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class MergeCommandTests : IDisposable
{
    private const string Name = "model.layers.0.self_attn.q_proj.weight";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2:4", true)]
    [InlineData("1:4", false)]
    [InlineData("4:8", false)]
    [InlineData("2:4", false)]
    public void Merge_RunsAndFiles_WritesAValidMask(string pattern, bool named)
    {
        string a = Prune("magnitude", pattern), b = Prune("wanda", pattern), c = Path.Combine(Prune("ria", pattern), "mask.npz"),
            target = _folder.File("merged.npz");

        CommandRun run = CommandRun.Of(["merge", a, b, c, "--out", target, "--json", .. named ? new[] { "--model", TinyModel.Folder }
            : []]);

        Assert.Equal((0, ""), (run.ExitCode, run.LastLine.Contains("merging 100", StringComparison.Ordinal) ? "" : run.Error));
        IReadOnlyDictionary<string, Mask> merged = MaskNpz.Read(target, CheckpointConfig.LinearShapes(TinyModel.Folder));
        Assert.All(merged.Values, mask => Assert.Equal(0, mask.ViolationCount(NmPattern.Parse(pattern))));
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["out", "pattern", "tensors", "groups", "unanimous_groups", "inputs"], report.Select(member => member.Key));
        Assert.Equal((pattern, 14), ((string?)report["pattern"], (int)report["tensors"]!));
        Assert.Equal([a, b, c], report["inputs"]!.AsArray().Select(input => (string?)input!["path"]));
        long groups = (long)report["groups"]!, unanimous = (long)report["unanimous_groups"]!;
        Assert.All(report["inputs"]!.AsArray(), input => Assert.InRange((long)input!["equal_groups"]!, unanimous, groups));
        Assert.InRange(unanimous, 1, groups - 1);
    }

    [Fact]
    public void Merge_ForPeople_SaysHowFarInputsAgreeAndKeepsAnEarlierFile()
    {
        string a = Prune("magnitude"), b = Prune("wanda"), target = _folder.File("merged.npz");

        CommandRun run = CommandRun.Of("merge", a, b, "--out", target);

        run.AssertSuccess();
        Assert.Contains("all inputs agree in ", run.Output, StringComparison.Ordinal);
        Assert.Contains("100.00 %", run.Output, StringComparison.Ordinal);
        Assert.Equal(MaskNpz.ReadPacked(Path.Combine(a, "mask.npz")), MaskNpz.ReadPacked(target));
        byte[] before = File.ReadAllBytes(target);
        Refused("the file exists", b, a, "--out", target);
        Assert.Equal(before, File.ReadAllBytes(target));
        CommandRun.Of("merge", b, a, "--out", target, "--force").AssertSuccess();
        Assert.Equal(MaskNpz.ReadPacked(Path.Combine(b, "mask.npz")), MaskNpz.ReadPacked(target));
    }

    [Fact]
    public void Merge_LogitsOfRuns_StartALearningRun()
    {
        string a = Learn("1"), b = Learn("2"), target = _folder.File("merged.npz");

        CommandRun run = CommandRun.Of("merge", Path.Combine(a, "logits.safetensors"), Path.Combine(b, "logits.safetensors"), "--out",
            target, "--model", TinyModel.Folder, "--json");

        Assert.Equal("2:4", (string?)JsonNode.Parse(run.Output)!["pattern"]);
        Assert.All(MaskNpz.Read(target, CheckpointConfig.LinearShapes(TinyModel.Folder)).Values, mask =>
            Assert.Equal(0, mask.ViolationCount(NmPattern.TwoOfFour)));
        CommandRun.Of("eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", target, "--max-windows", "1", "--threads", "2")
            .AssertSuccess();
        // A run's own logits give its own mask.
        string own = Path.Combine(a, "logits.safetensors"), twice = _folder.File("twice.npz");
        CommandRun.Of("merge", own, own, "--out", twice).AssertSuccess();
        Assert.Equal(MaskNpz.ReadPacked(Path.Combine(a, "mask.npz")), MaskNpz.ReadPacked(twice));
    }

    [Fact]
    public void Merge_Logits_TakesTheCandidateWithTheLargestSum()
    {
        string a = Logits("a", [0, 1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0]), b = Logits("b", [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4]),
            c = Logits("c", [0, 1.5f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        string target = _folder.File("merged.npz");

        CommandRun run = CommandRun.Of("merge", a, b, c, "--out", target, "--json");

        Assert.Equal([0b1010_1100], MaskNpz.ReadPacked(target)[Name]);
        Assert.Equal((2, 0), ((int)JsonNode.Parse(run.Output)!["groups"]!, (int)JsonNode.Parse(run.Output)!["unanimous_groups"]!));
    }

    [Fact]
    public void Merge_BadInput_SaysWhatInOneSentenceAndWritesNothing()
    {
        string a = Prune("magnitude"), other = Prune("magnitude", "1:4"), part = Prune("magnitude", "2:4", "--skip", Name),
            target = _folder.File("merged.npz");
        string logits = Logits("a", new float[12]), damaged = Logits("damaged", [float.NaN, .. new float[11]]),
            longer = Logits("longer", new float[18]);
        string plain = Path.Combine(TinyModel.Folder, "model.safetensors");

        Refused("at least two", a, "--out", target);
        Refused(_folder.File("none"), a, _folder.File("none"), "--out", target);
        Refused("no mask.npz", a, _folder.Path, "--out", target);
        Refused($"mask of {Name} is not 2:4", a, other, "--out", target);
        Refused($"has no {Name}", a, part, "--out", target);
        Refused($"has no {Name}", part, a, "--out", target);
        Refused("only masks or only logits", a, logits, "--out", target);
        Refused("holds NaN", logits, damaged, "--out", target);
        Refused($"{Name} has 3 groups and 2 in {logits}", logits, longer, "--out", target);
        Refused("names no pattern", logits, plain, "--out", target);
        Refused("is not in", logits, logits, "--out", target, "--model", TinyModel.Folder);
        Refused("a folder", a, a, "--out", _folder.Path);
        Refused("one of the masks", logits, logits, "--out", logits, "--force");
        Refused("another model", a, a, "--out", target, "--model", Fixture.PathOf("models/llama-mha-untied"));
        Refused("--out", a, a);
        Assert.False(File.Exists(target));
    }

    [Fact]
    public void Merge_Interrupted_WritesNothing()
    {
        string a = Prune("magnitude"), target = _folder.File("merged.npz");
        Assert.Equal(130, CommandRun.Stopped("merge", a, a, "--out", target).ExitCode);
        Assert.False(File.Exists(target));
    }

    private static void Refused(string expected, params string[] arguments)
    {
        CommandRun run = CommandRun.Of(["merge", .. arguments]);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private string Logits(string name, float[] values)
    {
        string path = _folder.File($"{name}.safetensors");
        byte[] bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        SafetensorsWriter.Write(
            path, [new TensorToWrite(Name, TensorType.Float32, [values.Length / 6, 6], bytes.Length, stream => stream.Write(bytes))],
            new Dictionary<string, string> { ["pattern"] = "2:4" });
        return path;
    }

    private string Prune(string method, string pattern = "2:4", params string[] more)
    {
        string folder = _folder.File(Guid.NewGuid().ToString("N"));
        string[] data = method == "magnitude" ? [] : ["--data", TinyModel.TextPath, "--samples", "4", "--seq-len", "32"];
        CommandRun.Of(["prune", TinyModel.Folder, "--method", method, "--pattern", pattern, "--out", folder, "--threads", "2", .. data,
            .. more]).AssertSuccess();
        return folder;
    }

    private string Learn(string seed)
    {
        string folder = _folder.File($"learn{seed}");
        CommandRun run = CommandRun.Of("learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--steps", "3", "--batch-size", "2",
            "--seq-len", "32", "--seed", seed, "--save-logits", "--out", folder, "--threads", "2");
        Assert.Equal((0, run.Error), (run.ExitCode, run.Error));
        return folder;
    }
}
