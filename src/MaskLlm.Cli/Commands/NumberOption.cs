using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;
using MaskLlm.Numerals;

namespace MaskLlm.Cli.Commands;

/// <summary>Options that take numbers: read the same in every country, and refused outside their range before any work.</summary>
internal static class NumberOption
{
    /// <summary>A number with a default.</summary>
    internal static Option<T> Of<T>(NumberRange<T> range, T usual, string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(NameOf(range))
        {
            Description = description,
            DefaultValueFactory = _ => usual,
            CustomParser = result => Read(range, result, result.Tokens.Count == 1 ? result.Tokens[0].Value : ""),
        };

    /// <summary>A number that may be left out.</summary>
    internal static Option<T?> Optional<T>(NumberRange<T> range, string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(NameOf(range))
        {
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(range, result, result.Tokens.Count == 1 ? result.Tokens[0].Value : ""),
        };

    /// <summary>Several numbers.</summary>
    internal static Option<T[]> Many<T>(NumberRange<T> range, string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(NameOf(range))
        {
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            CustomParser = result => [.. result.Tokens.Select(token => Read(range, result, token.Value))],
        };

    private static string NameOf<T>(NumberRange<T> range)
        where T : struct, INumber<T>, IMinMaxValue<T> => $"--{range.Name}";

    private static T Read<T>(NumberRange<T> range, ArgumentResult result, string text)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        if ((range with { Subject = NameOf(range) }).Read(text, out T value) is { } fault) result.AddError(fault);
        return value;
    }
}
