using System.Text;
using MaskLlm.Distributed;

namespace MaskLlm.Cli;

/// <summary>The program as one of several processes that <c>mpirun</c> or <c>srun</c> started: one of them speaks, and where one fails all
/// end.</summary>
internal static class RankedRun
{
    /// <summary>The verbs that several processes do together.</summary>
    internal static readonly IReadOnlyList<string> Verbs = ["learn", "prune", "eval"];

    // What fails in one rank often fails in all: the others leave the word to the first for so long.
    private static readonly TimeSpan _courtesy = TimeSpan.FromSeconds(2);

    // A launcher passes on what was said last, if it is given the time.
    private static readonly TimeSpan _passing = TimeSpan.FromSeconds(0.3);

    internal static int Run(string[] args, TextWriter output, TextWriter error, CancellationToken stop)
    {
        bool isFirst = Ranks.Launched == 0;
        if (!Verbs.Contains(args.FirstOrDefault(arg => !arg.StartsWith('-')), StringComparer.Ordinal))
        {
            if (isFirst) error.WriteLine($"several processes do {string.Join(", ", Verbs)} together; start other verbs without mpirun.");
            return ExitCode.BadInput;
        }
        Ranks ranks;
        try
        {
            ranks = Ranks.Join();
        }
        catch (NotSupportedException e)
        {
            if (isFirst) error.WriteLine(e.Message);
            return ExitCode.BadInput;
        }
        using LastLine said = new();
        int code = ranks.IsFirst ? CommandLine.Run(args, output, error, stop, ranks)
            : CommandLine.Run(args, TextWriter.Null, said, stop, ranks);
        if (code == ExitCode.Done)
        {
            ranks.Dispose();
            return code;
        }
        if (!ranks.IsFirst)
        {
            Thread.Sleep(_courtesy);
            error.WriteLine($"rank {ranks.Rank}: {said.Text}");
        }
        Thread.Sleep(_passing);
        ranks.Abort(code);
        return code;
    }

    // What a rank that is not heard said last: why it failed.
    private sealed class LastLine : TextWriter
    {
        internal string Text { get; private set; } = "";

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
        }

        public override void WriteLine(string? value) => Text = value ?? "";
    }
}
