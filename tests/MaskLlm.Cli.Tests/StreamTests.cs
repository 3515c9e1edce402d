using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary><c>--stream</c> in every verb that has it: the figures of the model in memory, and what it does not go with.</summary>
[Collection(TorchTests.Name)]
public sealed partial class StreamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void PruneEvalAndSensitivity_Streamed_GiveTheSameFigures()
    {
        string[] data = ["--data", TinyModel.TextPath, "--seq-len", "16", "--threads", "1", "--json"];
        string[] masks = [.. new[] { "true", "false" }.Select(stream =>
        {
            string run = _folder.File(stream);
            CommandRun.Of(["prune", TinyModel.Folder, "--method", "wanda", .. data, "--samples", "4", "--stream", stream, "--out", run])
                .AssertSuccess();
            return Path.Combine(run, "mask.npz");
        })];
        Assert.Equal(File.ReadAllBytes(masks[0]), File.ReadAllBytes(masks[1]));

        string[] windows = [.. data, "--max-windows", "3", "--mask", masks[0]];
        Assert.Equal(Rows("eval", windows), Rows("eval", [.. windows, "--stream"]));
        Assert.Equal(Rows("sensitivity", windows), Rows("sensitivity", [.. windows, "--stream"]));
    }

    [Fact]
    public void Learn_Streamed_RecordsItAndWritesAMask()
    {
        string run = _folder.File("run");
        string[] learn = ["learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--steps", "3", "--batch-size", "2", "--seq-len", "16",
            "--prior-samples", "4", "--threads", "1", "--stream", "--out", run];
        Refused([.. learn, "--save-logits"], "--save-logits");
        Refused([.. learn, "--eval-every", "2"], "--eval-every");
        Refused([.. learn, "--permute"], "--permute");
        Refused([.. learn, "--recipe", "tuned"], "--train-weights");
        CommandRun learned = CommandRun.Of([.. learn, "--distillation", "0.5", "--json"]);
        learned.AssertSuccess();
        Assert.Contains("of no effect are --distillation.", learned.Error, StringComparison.Ordinal);
        JsonNode record = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "run.json")))!;
        Assert.True((bool)record["options"]!["stream"]!);
        CommandRun inspected = CommandRun.Of("inspect", Path.Combine(run, "mask.npz"), "--model", TinyModel.Folder, "--json");
        inspected.AssertSuccess();
        Assert.Equal("2:4", (string?)JsonNode.Parse(inspected.Output)!["pattern"]);
    }

    [GeneratedRegex("\"seconds\": [0-9.e-]+")]
    private static partial Regex SecondsPattern();

    private static void Refused(string[] options, string other)
    {
        CommandRun run = CommandRun.Of(options);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(other, run.LastLine, StringComparison.Ordinal);
        Assert.Contains("--stream", run.LastLine, StringComparison.Ordinal);
    }

    private static string Rows(string verb, string[] options)
    {
        CommandRun run = CommandRun.Of([verb, TinyModel.Folder, .. options]);
        run.AssertSuccess();
        return SecondsPattern().Replace(run.Output, "");
    }
}
