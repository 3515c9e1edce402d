using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Tests;

/// <summary>export, generate and bench on the CPU runtime.</summary>
public class RuntimeCommandTests
{
    private static readonly Lazy<string> Pruned = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("maskllm-runtime-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--out", Path.Combine(folder, "run"));
        return folder;
    });

    private static string Mask => Path.Combine(Pruned.Value, "run", "mask.npz");

    [Theory]
    [InlineData("float32", "0.531")]
    [InlineData("bfloat16", "0.563")]
    [InlineData("int8", "0.636")]
    [InlineData("int4", "0.778")]
    public void Export_MaskedModel_SaysWhatItTakesAndRefusesToReplace(string type, string ofDense)
    {
        string file = Path.Combine(Pruned.Value, $"{type}.maskllm");
        CommandRun run = CommandRun.Of("export", TinyModel.Folder, "--mask", Mask, "--type", type, "--out", file);
        run.AssertSuccess();
        Assert.Contains("14 of 14 linear layers 2:4", run.Output, StringComparison.Ordinal);
        Assert.Contains($"{ofDense} of dense", run.Output, StringComparison.Ordinal);
        byte[] before = File.ReadAllBytes(file);

        CommandRun again = CommandRun.Of("export", TinyModel.Folder, "--type", type, "--out", file);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("--force", again.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public void Export_Int4OnText_RoundsAnotherWay()
    {
        string plain = Path.Combine(Pruned.Value, "plain.maskllm"), rounded = Path.Combine(Pruned.Value, "rounded.maskllm");
        CommandRun told = CommandRun.Of("export", TinyModel.Folder, "--mask", Mask, "--type", "int4", "--out", plain);
        Assert.Contains("--data TEXT rounds them together", told.Error, StringComparison.Ordinal);
        CommandRun run = CommandRun.Of("export", TinyModel.Folder, "--mask", Mask, "--type", "int4", "--data", TinyModel.TextPath,
            "--samples", "8", "--seq-len", "32", "--threads", "2", "--out", rounded);
        run.AssertSuccess();
        Assert.Contains("14 of 14 linear layers 2:4", run.Output, StringComparison.Ordinal);
        Assert.Equal(new FileInfo(plain).Length, new FileInfo(rounded).Length);
        Assert.NotEqual(File.ReadAllBytes(plain), File.ReadAllBytes(rounded));
    }

    [Theory]
    [InlineData("only int4 of runtime is rounded on text", "--data", "TEXT")]
    [InlineData("only int4 of runtime is rounded on text", "--data", "TEXT", "--type", "int8")]
    [InlineData("only int4 of runtime is rounded on text", "--data", "TEXT", "--format", "gguf", "--type", "q4_0")]
    [InlineData("--samples says how --data is read, and there is none", "--type", "int4", "--samples", "3")]
    [InlineData("64, the model's positions", "--type", "int4", "--data", "TEXT", "--seq-len", "70")]
    public void Export_DataThatServesNothing_IsRefused(string expected, params string[] options)
    {
        string file = Path.Combine(Pruned.Value, "refused.maskllm");
        CommandRun run = CommandRun.Of(["export", TinyModel.Folder, "--out", file,
            .. options.Select(option => option == "TEXT" ? TinyModel.TextPath : option)]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.LastLine, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void Generate_FileAndFolder_GiveTheSameText()
    {
        string file = Path.Combine(Pruned.Value, "same.maskllm");
        CommandRun.Of("export", TinyModel.Folder, "--mask", Mask, "--out", file);
        string[] options = ["--prompt", "the", "--max-tokens", "12", "--json"];
        JsonNode fromFile = JsonNode.Parse(CommandRun.Of(["generate", file, .. options]).Output)!;
        JsonNode fromFolder = JsonNode.Parse(CommandRun.Of(["generate", TinyModel.Folder, "--mask", Mask, .. options]).Output)!;
        Assert.Equal(fromFile["ids"]!.ToJsonString(), fromFolder["ids"]!.ToJsonString());
        Assert.InRange(fromFile["ids"]!.AsArray().Count, 1, 12);
        JsonNode mapped = JsonNode.Parse(CommandRun.Of(["generate", file, "--map", .. options]).Output)!;
        Assert.Equal(fromFile["ids"]!.ToJsonString(), mapped["ids"]!.ToJsonString());
        CommandRun refused = CommandRun.Of(["generate", TinyModel.Folder, "--map", .. options]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--map is for a runtime file", refused.LastLine, StringComparison.Ordinal);
        Assert.Equal(fromFile["text"]!.GetValue<string>(),
            CommandRun.Of("generate", file, "--prompt", "the", "--max-tokens", "12").Output.TrimEnd('\r', '\n'),
            ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void Generate_SameSeed_DrawsTheSameText()
    {
        string Text(string seed) =>
            CommandRun.Of("generate", TinyModel.Folder, "--prompt", "the", "--max-tokens", "24", "--temperature", "1.5", "--seed",
            seed).Output;
        Assert.Equal(Text("1"), Text("1"));
        Assert.NotEqual(Text("1"), Text("2"));
    }

    [Theory]
    [InlineData("--temperature", "-1")]
    [InlineData("--top-p", "0")]
    [InlineData("--max-tokens", "0")]
    [InlineData("--threads", "0")]
    [InlineData("--context", "2")]
    public void Generate_OptionOutOfRange_IsRefusedInOneSentence(string option, string value)
    {
        CommandRun run = CommandRun.Of("generate", TinyModel.Folder, "--prompt", "some words of text", option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_TinyShape_HasARowForEveryMeasurement()
    {
        CommandRun run = CommandRun.Of("bench", "--shape", "tiny", "--type", "bfloat16", "int8", "--repeats", "1", "--json");
        run.AssertSuccess();
        JsonArray rows = JsonNode.Parse(run.Output)!["rows"]!.AsArray();
        string[] wanted = [.. new[] { "bf16", "int8" }.SelectMany(type =>
            new[] { $"decode {type} x1", $"decode {type} x4", $"decode {type} x16", $"prefill {type} x128", $"prefill {type} x512",
            $"file {type}", $"memory {type}" })];
        Assert.Equal(wanted, rows.Select(row => row!["what"]!.GetValue<string>()));
        Assert.All(rows, row => Assert.Contains("14 of 14 layers 2:4", row!["kernel"]!.GetValue<string>(), StringComparison.Ordinal));
        JsonNode file = rows.First(row => row!["what"]!.GetValue<string>() == "file bf16")!;
        Assert.Equal(file["dense"]!.GetValue<double>() / file["sparse"]!.GetValue<double>(), file["ratio"]!.GetValue<double>(), 1e-9);
    }

    [Fact]
    public void Bench_NeitherModelNorShape_OrADenseModel_IsRefused()
    {
        Assert.Equal(2, CommandRun.Of("bench").ExitCode);
        string file = Path.Combine(Pruned.Value, "dense.maskllm");
        CommandRun.Of("export", TinyModel.Folder, "--out", file);
        CommandRun run = CommandRun.Of("bench", file);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--mask", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_Gguf_IsWritten()
    {
        string file = Path.Combine(Pruned.Value, "model.gguf");
        CommandRun run = CommandRun.Of("export", TinyModel.Folder, "--format", "gguf", "--type", "q8_0", "--mask", Mask, "--out", file);
        run.AssertSuccess();
        Assert.Contains("q8_0", run.Output, StringComparison.Ordinal);
        Assert.Equal("GGUF"u8.ToArray(), File.ReadAllBytes(file)[..4]);
        Assert.Equal(2, CommandRun.Of("export", TinyModel.Folder, "--format", "gguf", "--type", "bfloat17", "--out", file + "2").ExitCode);
        Assert.Equal(2, CommandRun.Of("export", TinyModel.Folder, "--format", "onnx", "--out", file + "2").ExitCode);
    }
}
