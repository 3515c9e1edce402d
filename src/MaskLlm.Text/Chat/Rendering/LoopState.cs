using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <summary>The variable <c>loop</c> inside of a loop.</summary>
/// <param name="items">What the loop goes through.</param>
/// <param name="budget">What pays for comparisons.</param>
/// <param name="depth">How many loops it is called from within.</param>
/// <param name="recurse">Goes through the body for other items, where the loop is recursive.</param>
internal sealed class LoopState(IReadOnlyList<object?> items, Budget budget, long depth, Func<object?, object>? recurse)
{
    private object? _seen = CallArguments.Absent;

    /// <summary>The item that the loop is at.</summary>
    public int Index { get; set; }

    /// <summary>An attribute.</summary>
    public object? Get(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item."),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new Undefined("there is no next item."),
        "depth" => depth + 1,
        "depth0" => depth,
        "cycle" => new Callable("loop.cycle", Cycle),
        "changed" => new Callable("loop.changed", arguments => HasChanged(arguments)),
        _ => Undefined.Attribute(this, name),
    };

    /// <summary>Goes through the body for other items, as <c>loop(items)</c> does.</summary>
    /// <exception cref="TemplateFault">The loop is not recursive.</exception>
    public object Recurse(CallArguments arguments) => recurse is not null
        ? recurse(arguments.Bind("loop", ["iterable"]) is [var others] && !ReferenceEquals(others, CallArguments.Absent) ? others
            : throw new TemplateFault("loop is called with nothing to go through; expected a list."))
        : throw new TemplateFault("loop is called in a loop that is not recursive; expected 'recursive' at the end of its 'for'.");

    private object? Cycle(CallArguments arguments) => arguments.Positional.Count > 0
        ? arguments.Positional[Index % arguments.Positional.Count]
        : throw new TemplateFault("loop.cycle has nothing to go through; expected arguments.");

    private bool HasChanged(CallArguments arguments)
    {
        Sequence current = new(arguments.Positional, SequenceKind.Tuple);
        budget.Compare(_seen, current);
        bool isChanged = !Equality.AreEqual(_seen, current);
        _seen = current;
        return isChanged;
    }
}
