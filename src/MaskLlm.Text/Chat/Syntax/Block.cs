namespace MaskLlm.Chat.Syntax;

/// <summary>Statements one after another.</summary>
internal sealed record Block(IReadOnlyList<Statement> Statements);
