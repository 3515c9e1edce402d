namespace MaskLlm.Chat.Builtins;

/// <summary>Filters that Jinja has and that are refused on purpose.</summary>
internal static class RefusedFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["random"] = new(_ => throw new NotSupportedException(
            "chat template: the filter 'random' is not supported: one conversation gives one prompt here. Take 'first', or an item by its "
            + "number.")),
    };
}
