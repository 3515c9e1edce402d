namespace MaskLlm.Tokens;

/// <summary>The special tokens around a text.</summary>
/// <param name="Before">Ids before it.</param>
/// <param name="After">Ids after it.</param>
internal sealed record SpecialTemplate(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    /// <summary>No special tokens.</summary>
    public static readonly SpecialTemplate None = new([], []);

    /// <summary>This template inside of <paramref name="outer"/>.</summary>
    public SpecialTemplate Within(SpecialTemplate outer) => new([.. outer.Before, .. Before], [.. After, .. outer.After]);
}
