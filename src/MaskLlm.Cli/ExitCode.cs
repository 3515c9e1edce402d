namespace MaskLlm.Cli;

/// <summary>What an exception means for whoever started the program.</summary>
internal static class ExitCode
{
    internal const int Done = 0, Failed = 1, BadInput = 2, Interrupted = 130;

    // ENOSPC of Unix, which is what .NET gives there.
    private const int NoSpace = 28;

    internal static int Of(Exception e) => e switch
    {
        OperationCanceledException => Interrupted,
        ArgumentException or InvalidDataException or NotSupportedException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException => BadInput,
        _ => Failed,
    };

    internal static string Sentence(Exception e) => e switch
    {
        OperationCanceledException => "interrupted",
        // .NET adds the parameter's name in a second sentence; a user knows options, not parameters.
        ArgumentException { ParamName: not null } argument => argument.Message.Split(" (Parameter '")[0],
        OutOfMemoryException and not InsufficientMemoryException => "out of memory; lower --batch-size, --micro-batch-size or --seq-len.",
        IOException { HResult: NoSpace } full => $"the disk is full ({full.Message}); make room and go on with --resume, or name another --out.",
        // libtorch's message goes on with its C++ stack.
        System.Runtime.InteropServices.ExternalException => e.Message.Split('\n')[0],
        _ => e.Message,
    };
}
