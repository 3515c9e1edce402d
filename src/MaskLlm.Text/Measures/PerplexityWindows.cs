using MaskLlm.Architectures;
using MaskLlm.Numerals;

namespace MaskLlm.Measures;

/// <summary>
/// The windows that a perplexity is taken over, as the original evaluation script takes it: non-overlapping, of N tokens, of which
/// N - 1 are predicted, nothing across windows, the tail dropped.
/// </summary>
internal static class PerplexityWindows
{
    private const int LongestDefault = 2048;

    private const string Property = "SequenceLength";

    /// <summary>The window asked for, or the model's positions, at most 2048.</summary>
    internal static int Length(DecoderConfig config, int? asked) => asked ?? Math.Min(config.MaxPositions, LongestDefault);

    /// <summary>Whole windows of a text, at most those asked for.</summary>
    internal static int Count(int tokens, int windowLength, int? maxWindows) => Math.Min(tokens / windowLength, maxWindows ?? int.MaxValue);

    /// <summary>Checks the protocol before anything is loaded.</summary>
    /// <param name="config">The model.</param>
    /// <param name="windowLength">Tokens a window.</param>
    /// <param name="maxWindows">Windows at most, or null.</param>
    /// <param name="property">That the length comes from.</param>
    /// <exception cref="ArgumentException">A number is out of range, or the window does not fit the model.</exception>
    internal static void RequireFit(DecoderConfig config, int windowLength, int? maxWindows, string property = Property)
    {
        (OptionRanges.Window with { Subject = $"`{property}`" }).Require(windowLength);
        if (windowLength > config.MaxPositions)
            throw new ArgumentException(
                $"`{property}` is {windowLength}; the model has {config.MaxPositions} positions. Lower `{property}` to that or less.");
        OptionRanges.MaxWindows.Require(maxWindows);
    }

    internal static void RequireText(int tokens, int windowLength)
    {
        if (tokens < windowLength)
            throw new ArgumentException($"the text has {tokens} tokens; one window of {windowLength} needs as many. "
                + $"Lower `{Property}` or give more text.");
    }
}
