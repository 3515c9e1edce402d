namespace MaskLlm.Chat.Values;

/// <summary>What one rendering may cost: templates come from elsewhere.</summary>
/// <param name="Steps">Evaluated expressions, items gone through and stretches of text; a template needs some dozens a message.</param>
/// <param name="Depth">Levels of expressions, statements and macros within one another.</param>
/// <param name="Characters">Length of the output, and of any text on the way to it.</param>
internal sealed record RenderLimits(long Steps = 10_000_000, int Depth = 150, int Characters = 1 << 24)
{
    /// <summary>Whether what is undefined may not be printed.</summary>
    internal bool RefusesUndefined { get; init; }
}
