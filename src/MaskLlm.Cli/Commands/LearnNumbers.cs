using System.CommandLine;
using MaskLlm.Learning;

namespace MaskLlm.Cli.Commands;

/// <summary>The options that become <see cref="LearnOptions"/>: a recipe's, and over them what the command line sets itself.</summary>
/// <param name="steps">Of a verb that has its own; null for the recipe's.</param>
internal sealed class LearnNumbers(int? steps = null)
{
    private readonly SettingOptions<LearnOptions> _settings = new(LearnSettings.All, Of(Recipe.Distilled, steps));

    internal IEnumerable<Option> All => _settings.All;

    /// <summary>Those that people change first.</summary>
    internal IReadOnlyList<Option> First => _settings.First;

    /// <summary>The others under headings.</summary>
    internal IEnumerable<(string Heading, IReadOnlyList<Option> Options)> Headings => _settings.Headings;

    /// <exception cref="ArgumentException">An option has no such value.</exception>
    internal LearnOptions Read(ParseResult parsed)
    {
        Recipe recipe = _settings.Read(parsed, Of(Recipe.Distilled, steps)).Recipe;
        return _settings.Read(parsed, Of(recipe, steps));
    }

    private static LearnOptions Of(Recipe recipe, int? steps)
    {
        LearnOptions options = LearnOptions.Of(recipe);
        return options with { Steps = steps ?? options.Steps };
    }
}
