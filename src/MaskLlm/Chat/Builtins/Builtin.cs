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

    /// <summary>Calls it.</summary>
    /// <exception cref="TemplateFault">The arguments do not fit, or it fails.</exception>
    public object? Invoke(Renderer renderer, string name, object? subject, CallArguments arguments)
    {
        renderer.Budget.Step();
        var bound = Parameters is null ? [] : arguments.Bind(name, Parameters);
        return Body(new BuiltinCall(renderer, name, subject, arguments, bound));
    }
}
