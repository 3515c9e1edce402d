namespace MaskLlm.Cli.Tests;

/// <summary>What one run of the program gave.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>The last line on standard error: what the program ended with.</summary>
    internal string LastLine => Error.TrimEnd().Split('\n')[^1];

    /// <summary>Exit code 0; else the test says what the program said.</summary>
    internal void AssertSuccess() => Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");

    internal static CommandRun Of(params string[] args) => Run(args, new StringWriter(), TestContext.Current.CancellationToken);

    /// <summary>A run that was interrupted before it began.</summary>
    internal static CommandRun Stopped(params string[] args) => Run(args, new StringWriter(), new CancellationToken(canceled: true));

    /// <summary>A run that is interrupted when it writes a word to standard error.</summary>
    internal static CommandRun StoppedAt(string word, params string[] args)
    {
        using CancellationTokenSource stop = new();
        return Run(args, new StoppingWriter(word, stop), stop.Token);
    }

    private static CommandRun Run(string[] args, StringWriter error, CancellationToken stop)
    {
        using StringWriter output = new();
        int exitCode = CommandLine.Run(args, output, error, stop);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    private sealed class StoppingWriter(string word, CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value!.Contains(word, StringComparison.Ordinal)) stop.Cancel();
        }
    }
}
