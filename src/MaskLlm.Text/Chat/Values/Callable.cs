namespace MaskLlm.Chat.Values;

/// <summary>A function, a method of a value, or a macro.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Body">What it does.</param>
internal sealed record Callable(string Name, Func<CallArguments, object?> Body);
