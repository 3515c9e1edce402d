namespace MaskLlm.Chat.Syntax;

/// <summary>The arguments of a call as they are written.</summary>
/// <param name="Positional">Those without a name.</param>
/// <param name="Named">Those with one.</param>
/// <param name="Sequence">The one after <c>*</c>.</param>
/// <param name="Mapping">The one after <c>**</c>.</param>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Sequence = null,
    Expression? Mapping = null)
{
    /// <summary>No arguments.</summary>
    public static ArgumentList None { get; } = new([], []);
}
