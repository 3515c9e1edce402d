using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>The program is killed as a process and goes on; its mask is that of a run that nobody disturbed.</summary>
[Collection(TorchTests.Name)]
public sealed class KillAndResumeTests(UndisturbedRun undisturbed) : IClassFixture<UndisturbedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Learn_KilledAfterACheckpoint_ResumesToTheSameBytes()
    {
        string target = _folder.File("run"), checkpoint = CheckpointOf(target);
        using (ProgramRun run = ProgramRun.Start(UndisturbedRun.Arguments(target)))
        {
            Assert.True(await run.Reaches(() => File.Exists(checkpoint)));
            run.Kill();
            await run.End();
        }
        Assert.False(File.Exists(Path.Combine(target, "run.json")), "the run ended before it was killed");
        Assert.InRange(StepOf(checkpoint), 2, UndisturbedRun.Steps - 1);

        CommandRun resumed = await Resume(target);

        AssertSameAsUndisturbed(resumed, target);
    }

    [Fact]
    public async Task Learn_Terminated_SavesItsLastStepAndResumesToTheSameBytes()
    {
        string target = _folder.File("run"), checkpoint = CheckpointOf(target);
        CommandRun stopped;
        using (ProgramRun run = ProgramRun.Start(UndisturbedRun.Arguments(target)))
        {
            Assert.True(await run.Reaches(() => File.Exists(checkpoint)));
            run.Terminate();
            stopped = await run.End();
        }
        Assert.Equal((130, ""), (stopped.ExitCode, stopped.Output));
        Assert.Equal("interrupted", stopped.LastLine);
        int[] logged = Logged(target);
        Assert.Equal(logged.Length, StepOf(checkpoint));

        CommandRun resumed = await Resume(target);

        Assert.Contains($"going on after step {logged.Length}.", resumed.Error, StringComparison.Ordinal);
        AssertSameAsUndisturbed(resumed, target);
    }

    [Fact]
    public async Task Learn_KilledBeforeTheFirstCheckpoint_ResumesFromTheBeginning()
    {
        string target = _folder.File("run");
        using (ProgramRun run = ProgramRun.Start(UndisturbedRun.Arguments(target, saveEvery: 1000)))
        {
            Assert.True(await run.Reaches(() => File.Exists(Path.Combine(target, "metrics.jsonl"))));
            run.Kill();
            await run.End();
        }
        Assert.False(File.Exists(Path.Combine(target, "run.json")), "the run ended before it was killed");
        Assert.False(File.Exists(CheckpointOf(target)));

        CommandRun resumed = await Resume(target);

        Assert.Contains("starting at the first step", resumed.Error, StringComparison.Ordinal);
        AssertSameAsUndisturbed(resumed, target);
    }

    [Fact]
    public async Task Learn_ResumedFromAnotherFolder_IsTheSameRunAndItsRecordNamesFilesRelativeToThatFolder()
    {
        string target = _folder.File("run"), folder = Path.GetDirectoryName(TinyModel.Folder)!;
        using (ProgramRun run = ProgramRun.Start(UndisturbedRun.Arguments(target)))
        {
            Assert.True(await run.Reaches(() => File.Exists(CheckpointOf(target))));
            run.Kill();
            await run.End();
        }
        Assert.False(File.Exists(Path.Combine(target, "run.json")), "the run ended before it was killed");

        using ProgramRun again = ProgramRun.StartIn(
            folder, [.. UndisturbedRun.Arguments(target), "--resume", "--eval-text", TinyModel.TextPath]);
        CommandRun resumed = await again.End();

        AssertSameAsUndisturbed(resumed, target);
        string text = File.ReadAllText(Path.Combine(target, "run.json"));
        Assert.DoesNotContain(folder, text, StringComparison.Ordinal);
        JsonNode record = JsonNode.Parse(text)!;
        string name = Path.GetFileName(TinyModel.TextPath), model = Path.GetFileName(TinyModel.Folder);
        Assert.Equal((model, $"{name}:1"), ((string?)record["options"]!["model"], (string?)record["options"]!["data"]![0]));
        Assert.Equal((name, name), ((string?)record["figures"]!["sources"]![0]!["path"], (string?)record["figures"]!["eval_text"]));
        string[] inputs = [.. record["inputs"]!.AsObject().Select(pair => pair.Key)];
        Assert.Contains(name, inputs);
        Assert.Contains(Path.Combine(model, "model.safetensors"), inputs);
    }

    [Fact]
    public async Task Learn_ResumedAfterItsEnd_IsRefused()
    {
        CommandRun refused = await Resume(undisturbed.Folder);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("the run there is complete", refused.LastLine, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<CommandRun> Resume(string target)
    {
        using ProgramRun run = ProgramRun.Start([.. UndisturbedRun.Arguments(target), "--resume"]);
        return await run.End();
    }

    private void AssertSameAsUndisturbed(CommandRun resumed, string target)
    {
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(File.ReadAllBytes(Path.Combine(undisturbed.Folder, "mask.npz")), File.ReadAllBytes(Path.Combine(target, "mask.npz")));
        Assert.Equal(Enumerable.Range(0, UndisturbedRun.Steps), Logged(target));
        Assert.False(Directory.Exists(Path.Combine(target, "checkpoint")));
        Assert.Empty(Directory.EnumerateFiles(target, "*.tmp", new EnumerationOptions { AttributesToSkip = 0 }));
    }

    private static int[] Logged(string target) =>
        [.. File.ReadLines(Path.Combine(target, "metrics.jsonl")).Select(line => (int)JsonNode.Parse(line)!["step"]!)];

    private static string CheckpointOf(string target) => Path.Combine(target, "checkpoint", "state.safetensors");

    private static int StepOf(string checkpoint)
    {
        using SafetensorsFile file = SafetensorsFile.Open(checkpoint);
        return int.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
    }
}
