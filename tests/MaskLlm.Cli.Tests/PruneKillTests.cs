using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Pruning that is killed as a process between two blocks goes on to the bytes of a run that nobody disturbed.</summary>
[Collection(TorchTests.Name)]
public sealed class PruneKillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("wanda")]
    [InlineData("sparsegpt", "--update-weights", "own", "--hidden-memory", "0")]
    [InlineData("admm", "--hidden-memory", "0")]
    public async Task Prune_KilledBetweenBlocks_ResumesToTheSameBytes(string method, params string[] options)
    {
        // A block of this many short sequences takes long enough to be killed in.
        string[] Arguments(string target) =>
            ["prune", TinyModel.Folder, "--method", method, .. options, "--data", TinyModel.TextPath, "--samples", "2000", "--seq-len",
                "16", "--threads", "1", "--out", target];
        string whole = _folder.File("whole"), target = _folder.File("run"), checkpoint = Path.Combine(target, "checkpoint");
        await Complete(Arguments(whole));

        using (ProgramRun run = ProgramRun.Start(Arguments(target)))
        {
            Assert.True(await run.Reaches(() => File.Exists(Path.Combine(checkpoint, "hidden-1.safetensors"))));
            run.Kill();
            await run.End();
        }
        Assert.False(File.Exists(Path.Combine(target, "run.json")), "the run ended before it was killed");
        Assert.False(File.Exists(Path.Combine(target, "mask.npz")));
        CommandRun resumed = await Complete([.. Arguments(target), "--resume"]);

        Assert.DoesNotContain("block 0/2", resumed.Error, StringComparison.Ordinal);
        foreach (string file in Directory.EnumerateFiles(whole, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(whole, path)).Where(IsResult))
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(target, file)));
        Assert.False(Directory.Exists(checkpoint));
        Assert.Empty(Directory.EnumerateFiles(target, "*.tmp",
            new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true }));
    }

    // The record has the seconds, the card the folder's name, and the list of a model's files their times.
    private static bool IsResult(string file) => Path.GetFileName(file) is not ("run.json" or "README.md" or ".maskllm.json");

    private static async Task<CommandRun> Complete(string[] arguments)
    {
        using ProgramRun run = ProgramRun.Start(arguments);
        CommandRun ended = await run.End();
        Assert.True(ended.ExitCode == 0, ended.Error);
        return ended;
    }
}
