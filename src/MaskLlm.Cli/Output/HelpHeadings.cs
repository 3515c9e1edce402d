using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using System.Text;

namespace MaskLlm.Cli.Output;

/// <summary>The help of a verb with many options: those that people use first, then the others under headings.</summary>
/// <param name="usual">Writes the help as it is without headings.</param>
internal sealed class HelpHeadings(HelpAction usual) : SynchronousCommandLineAction
{
    private const string All = "Options:";

    private static readonly ConditionalWeakTable<Command, IReadOnlyList<(string Heading, IReadOnlyList<Option> Options)>> OfVerbs = [];

    // Who asks for help need not give what the verb requires.
    public override bool ClearsParseErrors => true;

    /// <summary>Gives a verb headings, each with its options, those of the first ones first; options of no heading come last.</summary>
    internal static void Add(Command command, params (string Heading, IReadOnlyList<Option> Options)[] headings) =>
        OfVerbs.Add(command, headings);

    /// <summary>Has the help of a program keep to the headings of its verbs.</summary>
    internal static void Use(RootCommand root)
    {
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpHeadings((HelpAction)help.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        if (!OfVerbs.TryGetValue(parseResult.CommandResult.Command,
            out IReadOnlyList<(string Heading, IReadOnlyList<Option> Options)>? headings))
            return usual.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        using StringWriter whole = new();
        parseResult.InvocationConfiguration.Output = whole;
        int result = usual.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        output.Write(Arranged(whole.ToString(), headings));
        return result;
    }

    private static string Arranged(string text, IReadOnlyList<(string Heading, IReadOnlyList<Option> Options)> headings)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        int first = Array.IndexOf(lines, All) + 1, end = first;
        while (end < lines.Length && lines[end].Length > 0) end++;
        List<string> entries = Entries(lines[first..end]);
        StringBuilder arranged = new(string.Join('\n', lines[..(first - 1)]) + "\n");
        foreach ((string heading, IReadOnlyList<Option> options) in headings)
        {
            string[] own = [.. options.Select(option => entries.First(entry => IsOf(entry, option)))];
            arranged.Append(heading).Append(":\n").AppendJoin('\n', own).Append("\n\n");
            entries.RemoveAll(own.Contains);
        }
        return arranged.Append("Others:\n").AppendJoin('\n', entries).Append('\n').AppendJoin('\n', lines[end..]).ToString();
    }

    // An entry begins at a name; what is indented further goes on with its words.
    private static List<string> Entries(string[] lines)
    {
        List<string> entries = [];
        foreach (string line in lines)
        {
            if (line.TrimStart().StartsWith('-') && line.Length - line.TrimStart().Length <= 2) entries.Add(line);
            else entries[^1] += "\n" + line;
        }
        return entries;
    }

    private static bool IsOf(string entry, Option option) =>
        entry.Trim().Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries)[0] == option.Name;
}
