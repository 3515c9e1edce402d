namespace MaskLlm.Chat.Syntax;

/// <summary>What a value is assigned to.</summary>
internal abstract record Target
{
    /// <summary>A variable.</summary>
    public sealed record Variable(string Name) : Target;

    /// <summary>An attribute of a namespace.</summary>
    public sealed record Attribute(string Namespace, string Name) : Target;

    /// <summary>Several, one for each item of the value.</summary>
    public sealed record Unpacking(IReadOnlyList<Target> Parts) : Target;
}
