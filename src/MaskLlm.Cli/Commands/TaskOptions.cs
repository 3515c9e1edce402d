using System.CommandLine;
using MaskLlm.Numerals;
using MaskLlm.Tasks;

namespace MaskLlm.Cli.Commands;

/// <summary>Options of the verbs that ask tasks.</summary>
internal sealed class TaskOptions
{
    internal Option<string[]> Names { get; } = new("--tasks")
    {
        Description = $"Tasks to ask: {string.Join(", ", TaskCatalog.Names)}, a part of a group such as blimp_wh_island, or a .json of "
            + $"your own.",
        AllowMultipleArgumentsPerToken = true,
    };

    internal Option<string?> Folder { get; } = new("--task-data") { Description = "Folder of the tasks' data: .jsonl, .json or Parquet." };

    internal Option<int?> Limit { get; } = NumberOption.Optional(OptionRanges.Limit, "Only the first this many documents of each task.");

    /// <exception cref="ArgumentException">Names without data, or what goes with names without them.</exception>
    internal TaskSelection? Of(ParseResult parsed)
    {
        string[] names = [.. (parsed.GetValue(Names) ?? []).SelectMany(name => name.Split(',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        string? folder = parsed.GetValue(Folder);
        int? limit = parsed.GetValue(Limit);
        if (names.Length > 0)
            return new TaskSelection(names, folder ?? throw new ArgumentException(
                "--tasks needs --task-data, the folder of their data; docs/tasks.md says what files are looked for."), limit);
        if (folder is not null || limit is not null)
            throw new ArgumentException($"{(folder is null ? "--limit" : "--task-data")} is of no use without --tasks.");
        return null;
    }
}
