namespace MaskLlm.Chat.Values;

/// <summary>What <c>namespace()</c> gives: the one value whose attributes a template may set.</summary>
internal sealed class Namespace
{
    /// <summary>The attributes.</summary>
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}
