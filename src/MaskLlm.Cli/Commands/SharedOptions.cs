using System.CommandLine;
using MaskLlm.Data;
using MaskLlm.Numerals;
using MaskLlm.Patterns;

namespace MaskLlm.Cli.Commands;

/// <summary>Options that several verbs take; a name means the same in all of them.</summary>
internal static class SharedOptions
{
    internal static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Show the stack trace of a failure.",
        Recursive = true
    };

    internal static Argument<string> Model() => new("MODEL") { Description = "A Hugging Face checkpoint folder." };

    internal static Option<string[]> Data(bool required = true) => new("--data")
    {
        Description = "Text files, .jsonl, .npy token ids, .gz and .zst of these, .parquet, folders or globs; PATH:WEIGHT sets the blend. "
            + "dotnet-docs is the documentation of this machine's SDK.",
        Required = required,
        AllowMultipleArgumentsPerToken = true,
    };

    internal static Option<string?> DocumentSeparator() => new("--document-separator")
    {
        Description = "Text that separates the documents of a text file; \\n is a line end.",
    };

    internal static Option<string> TextColumn() => new("--text-column")
    {
        Description = "Column of Parquet files, and member of .jsonl files, that is the text.",
        DefaultValueFactory = _ => CorpusOptions.DefaultTextColumn,
    };

    internal static Option<string> Pattern(string description) => new("--pattern")
    {
        Description = description,
        DefaultValueFactory = _ => NmPattern.TwoOfFour.ToString(),
    };

    internal static Option<int> Samples(string description) => NumberOption.Of(OptionRanges.Samples, 128, description);

    internal static Option<int?> CalibrationLength() => NumberOption.Optional(OptionRanges.SequenceLength,
        "Tokens a sequence, 256 by default; a .npy file alone gives its rows, or is cut into sequences of this length, in order.");

    internal static Option<bool?> Stream() => new("--stream")
    {
        Description = "Leave the weights in their files but for those of one block at a time: slower, for any size of model. By default "
            + "where they would not fit into memory; false turns it off.",
    };

    internal static Option<string> Out() => new("--out") { Description = "Folder to write; it must be new or empty.", Required = true };

    internal static Option<bool> Force() => new("--force") { Description = "Replace the files of an earlier run in --out." };

    internal static Option<bool> Resume() => new("--resume") { Description = "Go on with the interrupted run in --out." };

    internal static Option<ulong> Seed() => NumberOption.Of(OptionRanges.Seed, 0ul, "Seed of all randomness.");

    internal static Option<int?> Threads() => NumberOption.Optional(OptionRanges.Threads, "Threads; all processors by default.");

    internal static Option<bool> Json() =>
        new("--json") { Description = "Print one JSON object on standard output and nothing else there." };

    internal static CorpusOptions Corpus(string[] data, string? separator, string? column, int? threads)
    {
        List<DataSource> sources = [];
        bool documentation = false;
        foreach (string argument in data)
        {
            bool isDocumentation = argument == Documentation.SourceName;
            documentation |= isDocumentation;
            sources.Add(isDocumentation ? new DataSource(Documentation.WriteToCache()) : DataSource.Parse(argument));
        }
        return new CorpusOptions
        {
            Sources = sources,
            DocumentSeparator = separator is not null ? MaskLlm.Data.DocumentSeparator.Parse(separator) : documentation
                ? ReferenceDocumentation.Separator : null,
            TextColumn = column ?? CorpusOptions.DefaultTextColumn,
            Threads = threads ?? 0,
        };
    }
}
