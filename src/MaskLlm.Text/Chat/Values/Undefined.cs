namespace MaskLlm.Chat.Values;

/// <summary>What a name stands for that nothing has been assigned to: it prints as nothing and is false, and anything else is an
/// error.</summary>
/// <param name="Message">The sentence of that error.</param>
internal sealed record Undefined(string Message)
{
    /// <summary>A variable that is not there.</summary>
    public static Undefined Variable(string name) => new($"'{name}' is undefined.");

    /// <summary>An attribute that is not there.</summary>
    public static Undefined Attribute(object? subject, string name) => new($"{TypeNames.Of(subject)} has no attribute '{name}'.");

    /// <summary>An item that is not there.</summary>
    public static Undefined Item(object? subject, object? index) => new(index switch
    {
        string { Length: <= 40 } key => $"{TypeNames.Of(subject)} has no element '{key}'.",
        long number => $"{TypeNames.Of(subject)} has no element {number}.",
        _ => $"{TypeNames.Of(subject)} has no element of this {TypeNames.Of(index)}.",
    });

    /// <summary>A method that changes its object, which templates may not.</summary>
    public static Undefined Unsafe(object? subject, string name) =>
        new($"'{name}' would change {TypeNames.Describe(subject)}; a template may not. Build a new value, or keep it in a namespace.");

    /// <summary>The error of using it.</summary>
    public TemplateFault Fault() => new(Message);
}
