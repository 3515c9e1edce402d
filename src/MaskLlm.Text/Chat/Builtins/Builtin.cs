using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>A filter, a test or a method.</summary>
/// <param name="Parameters">The names of its arguments; null where it takes any.</param>
/// <param name="Body">What it does.</param>
internal sealed record Builtin(string[]? Parameters, Func<BuiltinCall, object?> Body)
{
    /// <summary>One without arguments.</summary>
    public Builtin(Func<BuiltinCall, object?> body)
        : this([], body)
    {
    }

    /// <summary>True where it takes the same time whatever it is given.</summary>
    public bool IsBrief { get; init; }

    /// <summary>What becomes of a subject's mark.</summary>
    public MarkRule Marks { get; init; }

    /// <summary>Calls it.</summary>
    /// <exception cref="TemplateFault">The arguments do not fit, or it fails.</exception>
    public object? Invoke(Renderer renderer, string name, object? subject, CallArguments arguments)
    {
        renderer.Budget.Step(2);
        // Before the work, and here: none of them can forget it. What holds values is paid for by whoever goes through them.
        Pay(renderer.Budget, subject);
        foreach (object? value in arguments.Positional)
            Pay(renderer.Budget, value);
        foreach ((string _, object? value) in arguments.Named)
            Pay(renderer.Budget, value);
        object?[] bound = Parameters is null ? [] : arguments.Bind(name, Parameters);
        object? result = Body(new BuiltinCall(renderer, name, Marks == MarkRule.Sees ? subject : Markup.Plain(subject), arguments, bound));
        return Marks == MarkRule.Keeps && subject is Markup && result is string text ? new Markup(text) : result;
    }

    private void Pay(Budget budget, object? value)
    {
        if (!IsBrief && value is string or Markup)
            budget.Read(value);
        else
            budget.Step();
    }
}
