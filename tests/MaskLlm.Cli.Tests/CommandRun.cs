namespace MaskLlm.Cli.Tests;

/// <summary>What one run of the program gave.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    internal static CommandRun Of(params string[] args) => Run(args, TestContext.Current.CancellationToken);

    /// <summary>A run that was interrupted before it began.</summary>
    internal static CommandRun Stopped(params string[] args) => Run(args, new CancellationToken(canceled: true));

    private static CommandRun Run(string[] args, CancellationToken stop)
    {
        using StringWriter output = new(), error = new();
        int exitCode = CommandLine.Run(args, output, error, stop);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }
}
