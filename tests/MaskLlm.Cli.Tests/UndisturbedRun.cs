using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>One run of the program from beginning to end, for the killed ones to be held against.</summary>
public sealed class UndisturbedRun : IAsyncLifetime
{
    internal const int Steps = 60;
    private readonly TemporaryFolder _folder = new();

    internal string Folder => _folder.File("run");

    internal static string[] Arguments(string target, int saveEvery = 2) =>
    [
        "learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", target, "--steps", $"{Steps}", "--batch-size", "2", "--seq-len",
        "16",
        "--seed", "3", "--log-every", "1", "--threads", "1", "--save-every", $"{saveEvery}",
    ];

    public async ValueTask InitializeAsync()
    {
        using ProgramRun run = ProgramRun.Start(Arguments(Folder));
        CommandRun ended = await run.End();
        Assert.True(ended.ExitCode == 0, ended.Error);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
