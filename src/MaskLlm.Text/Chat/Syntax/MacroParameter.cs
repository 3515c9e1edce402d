namespace MaskLlm.Chat.Syntax;

/// <summary>A parameter of a macro, and what it is where a call does not say.</summary>
internal sealed record MacroParameter(string Name, Expression? Default);
