using Spectre.Console;

namespace MaskLlm.Cli.Output;

/// <summary>A console over the writer of an invocation, for tables.</summary>
internal static class TableConsole
{
    // Off a terminal a line is as long as it needs: names are looked for, not looked at.
    private const int WidthElsewhere = 1000;

    internal static IAnsiConsole Over(TextWriter output)
    {
        bool terminal = output == Console.Out && !Console.IsOutputRedirected;
        AnsiConsoleSettings settings = new() { Out = new AnsiConsoleOutput(output), Interactive = InteractionSupport.No };
        if (!terminal) (settings.Ansi, settings.ColorSystem) = (AnsiSupport.No, ColorSystemSupport.NoColors);
        IAnsiConsole console = AnsiConsole.Create(settings);
        if (!terminal) console.Profile.Width = WidthElsewhere;
        return console;
    }
}
