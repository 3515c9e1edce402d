using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Patterns;

namespace MaskLlm.Fuzz;

/// <summary>What people write on the command line.</summary>
internal static class ArgumentReaders
{
    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        Of("data-source", DataSource.Parse, "train/*.txt:0.7", "a.jsonl", "C:\\texts:1e-3"),
        Of("pattern", NmPattern.Parse, "2:4", "16:32", "1:2"),
        Of("schedule", ScheduleRange.Parse, "100:500", "4:0.05", "1e-3:1"),
        Of("separator", DocumentSeparator.Parse, @"\n\n", @"\u000a<|end|>\t", @"a\\b\0"),
    ];

    private static FuzzReader Of<T>(string name, Func<string, T> parse, params string[] examples) => FuzzReaders.Make(
        name, () => examples.Select(example => FuzzSeed.Of("argument", example)), input => parse(input.Text)) with
    {
        Refusals = FuzzReader.OfArguments,
        NamesFile = false,
        MostBytes = 1 << 20,
    };
}
