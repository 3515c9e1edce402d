using System.Globalization;
using MaskLlm.Numerals;

namespace MaskLlm.Data;

/// <summary>One source of training text: a file, a folder or a glob, and its share in the blend.</summary>
/// <param name="Path">A file, a folder (read with its subfolders), or a glob with <c>*</c> and <c>**</c>.</param>
/// <param name="Weight">Share in the blend, above 0, in any unit: weights are divided by their sum. Null: by size in tokens.</param>
public sealed record DataSource(string Path, double? Weight = null)
{
    /// <summary>Reads <c>PATH</c> or <c>PATH:WEIGHT</c>. A path that exists as it is written wins over the reading with a weight.</summary>
    /// <param name="argument">What the user wrote.</param>
    /// <returns>The source; whether its files exist is checked by <see cref="Corpus.Open"/>.</returns>
    /// <exception cref="ArgumentException">The path is empty, or the weight is no finite number above 0.</exception>
    public static DataSource Parse(string argument)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(argument);
        int colon = argument.LastIndexOf(':');
        if (colon < 0 || Exists(argument))
            return new DataSource(argument);

        string path = argument[..colon], suffix = argument[(colon + 1)..];
        if (path.Length == 0)
            throw new ArgumentException($"'{argument}': no path before the colon; wanted PATH or PATH:WEIGHT.", nameof(argument));
        if (NumberText.TryRead(suffix, out double weight))
            return new DataSource(path, CheckWeight(path, weight));
        if (Exists(path) || IsMeantAsNumber(suffix))
            throw new ArgumentException($"'{argument}': the weight '{suffix}' is no number; wanted PATH or PATH:WEIGHT, as in {path}:0.7.",
                nameof(argument));
        return new DataSource(argument); // a colon that belongs to the name, as in C:\texts
    }

    internal static double CheckWeight(string path, double weight) => weight > 0 && double.IsFinite(weight)
        ? weight
        : throw new ArgumentException($"{path}: weight {weight.ToString(CultureInfo.InvariantCulture)}; wanted a finite number above 0. "
            + $"Leave the source out to give it no share.", nameof(weight));

    // What other readers of numbers take and we do not: NaN, Infinity, a number beyond the type.
    private static bool IsMeantAsNumber(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);
}
