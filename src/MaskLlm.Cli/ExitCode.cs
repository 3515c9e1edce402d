using System.CommandLine;
using MaskLlm.Formats;
using MaskLlm.Numerals;

namespace MaskLlm.Cli;

/// <summary>What an exception means for whoever started the program.</summary>
internal static class ExitCode
{
    internal const int Done = 0, Failed = 1, BadInput = 2, Interrupted = 130;

    internal static int Of(Exception e) => e switch
    {
        OperationCanceledException => Interrupted,
        ArgumentException or InvalidDataException or NotSupportedException or FileNotFoundException or DirectoryNotFoundException
            or UnauthorizedAccessException => BadInput,
        _ => Failed,
    };

    /// <summary>What went wrong, for people, and what they can do with this verb.</summary>
    internal static string Sentence(Exception e, Command? verb = null) => e switch
    {
        OperationCanceledException => "interrupted",
        ArgumentException => ArgumentSentence.Of(e),
        OutOfMemoryException and not InsufficientMemoryException => "out of memory; lower --batch-size, --micro-batch-size or --seq-len.",
        IOException when DiskFullException.Of(e) is { } full => $"{full.Message}; {full.Remedy ?? $"{full.Relief} and {GoOn(verb)}"}.",
        // libtorch's message goes on with its C++ stack.
        System.Runtime.InteropServices.ExternalException => e.Message.Split('\n')[0],
        _ => e.Message,
    };

    private static string GoOn(Command? verb)
    {
        bool Has(string option) => verb is not null && verb.Options.Any(one => one.Name == option);
        return Has("--resume") ? "go on with --resume, or name another --out"
            : Has("--out") ? "start again, or name another --out"
            : "start again";
    }
}
