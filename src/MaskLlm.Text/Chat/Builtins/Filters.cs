namespace MaskLlm.Chat.Builtins;

/// <summary>All filters.</summary>
internal static class Filters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(
        [.. TextFilters.All, .. WrapFilters.All, .. MarkupFilters.All, .. RefusedFilters.All, .. ValueFilters.All, .. SequenceFilters.All,
            .. SelectionFilters.All], StringComparer.Ordinal);
}
