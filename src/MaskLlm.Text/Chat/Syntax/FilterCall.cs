namespace MaskLlm.Chat.Syntax;

/// <summary>A filter and its arguments, without what it filters.</summary>
internal sealed record FilterCall(string Name, ArgumentList Arguments);
