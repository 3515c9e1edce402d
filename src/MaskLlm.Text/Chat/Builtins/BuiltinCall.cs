using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>One call of a filter, a test or a method.</summary>
/// <param name="Renderer">The rendering that it is part of.</param>
/// <param name="Name">What messages call it.</param>
/// <param name="Subject">What it is applied to.</param>
/// <param name="Given">The arguments as they were given.</param>
/// <param name="Bound">The arguments, each at its parameter's place.</param>
internal sealed record BuiltinCall(Renderer Renderer, string Name, object? Subject, CallArguments Given, object?[] Bound)
{
    /// <summary>What the rendering may still cost.</summary>
    public Budget Budget => Renderer.Budget;

    /// <summary>What it is applied to, as text.</summary>
    public string SubjectText => Renderer.TextOf(Subject);

    /// <summary>What it is applied to, which must be defined.</summary>
    /// <exception cref="TemplateFault">It is not.</exception>
    public object? Defined => Subject is Undefined undefined ? throw undefined.Fault() : Subject;

    /// <summary>Whether an argument is given.</summary>
    public bool Has(int index) => !ReferenceEquals(Bound[index], CallArguments.Absent);

    /// <summary>An argument, or its default.</summary>
    public object? Value(int index, object? otherwise) => Has(index) ? Bound[index] : otherwise;

    /// <summary>An argument that there must be.</summary>
    /// <exception cref="TemplateFault">It is not given.</exception>
    public object? Required(int index) => Has(index) ? Bound[index]
        : throw new TemplateFault($"{Name} lacks an argument; expected at least {index + 1}.");

    /// <summary>A text that there must be.</summary>
    /// <exception cref="TemplateFault">It is not given, or is no text.</exception>
    public string RequiredText(int index)
    {
        object? value = Markup.Plain(Required(index));
        return value as string ?? throw Unfit(value, "a text");
    }

    /// <summary>A text, or none where it is not given or <c>none</c>.</summary>
    /// <exception cref="TemplateFault">It is no text.</exception>
    public string? Text(int index)
    {
        object? value = Markup.Plain(Value(index, null));
        return value is null ? null : value as string ?? throw Unfit(value, "a text");
    }

    /// <summary>A whole number, or its default.</summary>
    /// <exception cref="TemplateFault">It is no whole number.</exception>
    public long Whole(int index, long otherwise)
    {
        object? value = Value(index, otherwise);
        return Numbers.TryWhole(value, out long number) ? number : throw Unfit(value, "a whole number");
    }

    /// <summary>A truth, or its default.</summary>
    public bool Flag(int index, bool otherwise) => Truth.Of(Value(index, otherwise));

    /// <summary>The values to go through.</summary>
    /// <exception cref="TemplateFault">The subject is nothing to go through.</exception>
    public IReadOnlyList<object?> Items() => Renderer.Iterate(Subject);

    /// <summary>The error of an argument of the wrong type.</summary>
    public TemplateFault Unfit(object? value, string expected) =>
        value is Undefined undefined ? undefined.Fault()
            : new TemplateFault($"{Name} is given {TypeNames.Describe(value)}; expected {expected}.");
}
