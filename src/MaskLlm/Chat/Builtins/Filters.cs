namespace MaskLlm.Chat.Builtins;

/// <summary>All filters.</summary>
internal static class Filters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(
        [.. TextFilters.All, .. ValueFilters.All, .. SequenceFilters.All, .. SelectionFilters.All], StringComparer.Ordinal);
}
