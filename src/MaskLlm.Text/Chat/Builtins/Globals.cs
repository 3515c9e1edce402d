using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>The functions that every template has.</summary>
internal sealed class Globals
{
    private const int LongestRange = 100_000;
    private readonly Renderer _renderer;
    private readonly TimeProvider _clock;

    private Globals(Renderer renderer, TimeProvider clock) => (_renderer, _clock) = (renderer, clock);

    /// <summary>The functions by name.</summary>
    public static IEnumerable<(string Name, object? Value)> All(Renderer renderer, TimeProvider clock)
    {
        Globals globals = new(renderer, clock);
        return
        [
            Function("range", globals.Range),
            Function("dict", globals.Dict),
            Function("namespace", globals.Namespace),
            Function("joiner", globals.Joiner),
            Function("cycler", globals.Cycler),
            Function("raise_exception", globals.Raise),
            Function("strftime_now", globals.Now),
        ];
    }

    private static (string, object?) Function(string name, Func<CallArguments, object?> body) => (name, new Callable(name, body));

    private Sequence Range(CallArguments arguments)
    {
        long[] bounds = [.. arguments.Bind("range", ["start", "stop", "step"]).Where(value => !ReferenceEquals(value, CallArguments.Absent))
            .Select(Whole)];
        (long start, long stop, long step) = bounds switch
        {
            [var end] => (0, end, 1),
            [var first, var end] => (first, end, 1),
            [var first, var end, var stride and not 0] => (first, end, stride),
            [_, _, _] => throw new TemplateFault("range is given the step 0; expected another number."),
            _ => throw new TemplateFault("range is given no number; expected its end."),
        };
        Int128 distance = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        Int128 count = distance <= 0 ? 0 : (distance - 1) / Int128.Abs(step) + 1;
        if (count > LongestRange)
            throw new TemplateFault($"range has {count} numbers; expected at most {LongestRange}.");
        _renderer.Budget.Step((long)count * 4);
        return new Sequence([.. Enumerable.Range(0, (int)count).Select(index => (object?)(start + index * step))], SequenceKind.Range);
    }

    private static long Whole(object? value) => Numbers.TryWhole(value, out long number)
        ? number
        : throw (value as Undefined)?.Fault() ?? new TemplateFault($"range is given {TypeNames.Describe(value)}; expected whole numbers.");

    private Mapping Dict(CallArguments arguments)
    {
        if (arguments.Positional.Count > 1)
            throw new TemplateFault($"dict takes one argument without a name; {arguments.Positional.Count} are given.");
        List<(object?, object?)> items = [.. arguments.Positional is [var first] ? Pairs(first) : [],
            .. arguments.Named.Select(item => ((object?)item.Name, item.Value))];
        _renderer.Budget.Step(16 + 8 * items.Count);
        items.ForEach(item => _renderer.Budget.Read(item.Item1));
        return new Mapping(items);
    }

    private IEnumerable<(object?, object?)> Pairs(object? value)
    {
        if (value is Mapping mapping)
            return mapping.Items;
        return _renderer.Iterate(value)
            .Select(pair => pair is Sequence { Items: [var key, var item] } ? (key, item)
            : throw new TemplateFault("dict is given items that are no pairs; expected keys with values."));
    }

    private Namespace Namespace(CallArguments arguments)
    {
        _renderer.Budget.Step(16);
        Namespace space = new();
        foreach ((object? name, object? value) in Dict(arguments).Items)
            space.Attributes[Markup.Plain(name) as string
                ?? throw new TemplateFault("namespace is given a key that is no text; expected names.")] = value;
        return space;
    }

    // Nothing the first time, the separator from then on.
    private Callable Joiner(CallArguments arguments)
    {
        object? separator = arguments.Bind("joiner", ["sep"])[0] is var given
            && ReferenceEquals(given, CallArguments.Absent) ? ", " : given;
        bool isUsed = false;
        return new Callable("joiner", _ =>
        {
            object? text = isUsed ? separator : "";
            isUsed = true;
            return text;
        });
    }

    private Namespace Cycler(CallArguments arguments)
    {
        if (arguments.Positional.Count == 0)
            throw new TemplateFault("cycler has nothing to go through; expected arguments.");
        _renderer.Budget.Step(16 + arguments.Positional.Count);
        (Namespace? space, int at) = (new Namespace(), 0);
        space.Attributes["current"] = arguments.Positional[0];
        object? MoveTo(int place)
        {
            at = place % arguments.Positional.Count;
            object? before = space.Attributes["current"];
            space.Attributes["current"] = arguments.Positional[at];
            return before;
        }

        space.Attributes["next"] = new Callable("next", _ => MoveTo(at + 1));
        space.Attributes["reset"] = new Callable("reset", _ => MoveTo(0) is null ? null : null);
        return space;
    }

    private object? Raise(CallArguments arguments)
    {
        object? message = arguments.Bind("raise_exception", ["message"])[0];
        throw new ArgumentException(ReferenceEquals(message, CallArguments.Absent) ? "The chat template refuses the messages."
            : _renderer.TextOf(message));
    }

    private string Now(CallArguments arguments)
    {
        object? format = arguments.Bind("strftime_now", ["format"])[0];
        return Markup.Plain(format) is string text
            ? DateText.Write(_clock.GetLocalNow(), text, _renderer.Budget)
            : throw new TemplateFault($"strftime_now is given {TypeNames.Describe(format)}; expected a text such as '%d %b %Y'.");
    }
}
