using System.CommandLine;
using System.CommandLine.Parsing;
using MaskLlm.Architectures;

namespace MaskLlm.Cli.Output;

/// <summary>What the checkpoint of a verb says and is not followed, or holds and is not read: once, whatever the verb is.</summary>
internal static class ModelNotes
{
    private static readonly string[] Names = ["MODEL", "--model"];

    internal static void Print(ParseResult parsed, TextWriter error)
    {
        if (Folder(parsed) is not { } folder) return;
        try
        {
            foreach (string note in CheckpointConfig.Notes(folder)) error.WriteLine(note);
        }
        catch (Exception e) when (ExitCode.Of(e) == ExitCode.BadInput)
        {
            // The verb reads the same files, after what comes first in its order, and says the same.
        }
    }

    private static string? Folder(ParseResult parsed) => parsed.CommandResult.Children
        .Where(child => Names.Contains(child is OptionResult option ? option.Option.Name : ((ArgumentResult)child).Argument.Name))
        .SelectMany(child => child.Tokens).Select(token => token.Value).FirstOrDefault(Directory.Exists);
}
