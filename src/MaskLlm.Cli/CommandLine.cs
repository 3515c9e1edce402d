using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using MaskLlm.Cli.Commands;
using MaskLlm.Cli.Output;
using MaskLlm.Distributed;

namespace MaskLlm.Cli;

/// <summary>The program from its arguments to its exit code: 0 done, 1 failed, 2 bad usage or bad input, 130 interrupted.</summary>
internal static class CommandLine
{
    internal static int Run(string[] args)
    {
        // Numbers are the same in every country, whatever the environment says, in this thread and those to come.
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (CultureInfo.InvariantCulture, CultureInfo.InvariantCulture);
        (CultureInfo.DefaultThreadCurrentCulture, CultureInfo.DefaultThreadCurrentUICulture) = (CultureInfo.InvariantCulture,
            CultureInfo.InvariantCulture);
        Ranks.QuietTerminal();
        ErrorOutput error = new(Console.Error);
        int? rank = Ranks.Launched;
        using StopSignals signals = new(rank > 0 ? TextWriter.Null : error);
        return rank is null ? Run(args, Console.Out, error, signals.Token) : RankedRun.Run(args, Console.Out, error, signals.Token);
    }

    internal static int Run(string[] args, TextWriter output, TextWriter error, CancellationToken stop, Ranks? ranks = null)
    {
        ParseResult parsed = Root(stop, ranks).Parse(args);
        error = new OptionOutput(error, OptionNames.Of(parsed));
        try
        {
            if (RunConfig.Expand(args, parsed) is { } expanded) parsed = Root(stop, ranks).Parse(expanded);
        }
        catch (Exception e) when (ExitCode.Of(e) == ExitCode.BadInput)
        {
            error.WriteLine(ExitCode.Sentence(e));
            return ExitCode.BadInput;
        }
        if (UsageError.Sentence(parsed) is { } wrong)
        {
            error.WriteLine(wrong);
            return ExitCode.BadInput;
        }
        // A verb of a verb takes nothing of what that takes: its help does not show it.
        for (SymbolResult? above = parsed.CommandResult.Parent; above is CommandResult verb; above = verb.Parent)
            foreach (Argument argument in verb.Command.Arguments) argument.Hidden = true;
        try
        {
            ModelNotes.Print(parsed, error);
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null
            });
        }
        catch (Exception e)
        {
            error.WriteLine(parsed.GetValue(SharedOptions.Verbose) ? e.ToString() : ExitCode.Sentence(e, parsed.CommandResult.Command));
            return ExitCode.Of(e);
        }
    }

    internal static RootCommand Root(CancellationToken stop, Ranks? ranks = null)
    {
        RootCommand root = new("Learns which weights of a language model to keep: N:M masks for Hugging Face checkpoints, learned, "
            + "applied and proved.")
        {
            DemoCommand.Create(stop),
            LearnCommand.Create(ranks ?? Ranks.Alone, stop),
            PermuteCommand.Create(stop),
            PruneCommand.Create(ranks ?? Ranks.Alone, stop),
            EvalCommand.Create(ranks ?? Ranks.Alone, stop),
            ApplyCommand.Create(stop),
            InspectCommand.Create(stop),
            MergeCommand.Create(stop),
            SensitivityCommand.Create(stop),
            ExperimentCommand.Create(stop),
            ExportCommand.Create(stop),
            GenerateCommand.Create(stop),
            ServeCommand.Create(stop),
            BenchCommand.Create(stop),
            PretrainCommand.Create(stop),
            InfoCommand.Create(),
        };
        root.Options.Add(SharedOptions.Verbose);
        HelpHeadings.Use(root);
        return root;
    }
}
