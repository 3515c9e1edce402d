using MaskLlm.Chat.Builtins;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <summary>Attributes, items and slices of values, as Jinja's sandbox finds them.</summary>
internal sealed class Members(Renderer renderer)
{
    /// <summary><c>subject.name</c>: a method, or else an item.</summary>
    /// <exception cref="TemplateFault">The subject is undefined.</exception>
    public object? Attribute(object? subject, string name)
    {
        if (Own(subject, name) is { } own)
            return own.Value;
        return subject is Mapping mapping && mapping.TryGet(name, out object? value) ? value : Undefined.Attribute(subject, name);
    }

    /// <summary>A method or the like, and never an item.</summary>
    /// <exception cref="TemplateFault">The subject is undefined.</exception>
    public object? OwnOnly(object? subject, string name) => Own(subject, name) is { } own ? own.Value : Undefined.Attribute(subject, name);

    /// <summary><c>subject[index]</c>: an item, or else a method.</summary>
    /// <exception cref="TemplateFault">The subject is undefined.</exception>
    public object? Item(object? subject, object? index)
    {
        if (index is Undefined undefined && subject is not Mapping)
            throw undefined.Fault();
        index = Markup.Plain(index);
        renderer.Budget.Read(index);
        // What cannot be a key is in no dict, which is for 'is defined' to ask.
        if (subject is Mapping mapping && MappingKey.CanBe(index) && mapping.TryGet(index, out object? value))
            return value;
        if (Numbers.TryWhole(index, out long number) && At(subject, number, out object? item))
            return item;
        if (index is string name && Own(subject, name) is { } own)
            return own.Value;
        return subject is Undefined missing ? throw missing.Fault() : Undefined.Item(subject, index);
    }

    /// <summary><c>subject[start:stop:step]</c>.</summary>
    /// <exception cref="TemplateFault">The subject has no slices.</exception>
    public object? Slice(object? subject, long? start, long? stop, long step)
    {
        switch (subject)
        {
            case Sequence { HasIndex: true } sequence:
                SliceRange range = SliceRange.Of(sequence.Items.Count, start, stop, step);
                renderer.Budget.Step(4 + range.Count);
                return new Sequence(range.Of(sequence.Items), sequence.Kind);
            case string text:
                return Slice(text, start, stop, step);
            case Markup markup:
                return new Markup(Slice(markup.Text, start, stop, step));
            case Undefined undefined:
                throw undefined.Fault();
            default:
                return Undefined.Item(subject, "slice");
        }
    }

    private string Slice(string text, long? start, long? stop, long step)
    {
        renderer.Budget.Read(text);
        SliceRange range = SliceRange.Of(CodePoints.Count(text), start, stop, step);
        if (step == 1)
        {
            int from = CodePoints.UnitOffset(text, range.Start);
            int length = CodePoints.UnitOffset(text.AsSpan(from), range.Count);
            renderer.Budget.MakeText(length, length);
            return text.Substring(from, length);
        }

        if (start is null && stop is null && step == -1)
        {
            renderer.Budget.MakeText(text.Length, text.Length);
            return CodePoints.Reverse(text);
        }

        // Each is a text of its own on the way.
        renderer.Budget.Step(4L * text.Length);
        return string.Concat(range.Of(CodePoints.Split(text)));
    }

    private bool At(object? subject, long index, out object? item)
    {
        item = null;
        if (subject is Sequence { HasIndex: true } sequence)
        {
            long at = index < 0 ? index + sequence.Items.Count : index;
            bool isThere = at >= 0 && at < sequence.Items.Count;
            item = isThere ? sequence.Items[(int)at] : null;
            return isThere;
        }

        if (Markup.Plain(subject) is not string text)
            return false;
        renderer.Budget.Read(text);
        bool found = At(text, index, out item);
        item = subject is Markup && item is string character ? new Markup(character) : item;
        return found;
    }

    private static bool At(string text, long index, out object? item)
    {
        int count = CodePoints.Count(text);
        long at = index < 0 ? index + count : index;
        item = null;
        if (at < 0 || at >= count)
            return false;
        int start = CodePoints.UnitOffset(text, (int)at);
        bool isPair = start + 1 < text.Length && char.IsSurrogatePair(text[start], text[start + 1]);
        item = text.Substring(start, isPair ? 2 : 1);
        return true;
    }

    /// <summary>What the type of a value has under a name, if anything.</summary>
    private Member? Own(object? subject, string name)
    {
        switch (subject)
        {
            case Undefined undefined:
                throw undefined.Fault();
            case Namespace space:
                return space.Attributes.TryGetValue(name, out object? value) ? new Member(value) : null;
            case LoopState loop:
                return new Member(loop.Get(name));
            case Sequence { Names.Count: > 0 } tuple when tuple.Names.Contains(name):
                return new Member(tuple.Items[tuple.Names.ToList().IndexOf(name)]);
        }

        if (MethodsOf(subject) is not { } methods)
            return null;
        if (methods.Unsafe.Contains(name))
            return new Member(Undefined.Unsafe(subject, name));
        if (methods.Unsupported.Contains(name))
            throw new NotSupportedException(
                $"{SyntaxErrors.Template}, line {renderer.Line}: the method '{name}' of {TypeNames.Describe(subject)} is not supported. "
                + $"Those of transformers' chat templates are.");
        return methods.All.TryGetValue(name, out Builtin? method)
            ? new Member(new Callable(name, arguments => subject is Markup markup
                ? MarkupMethods.Invoke(method, renderer, name, markup, arguments)
                : method.Invoke(renderer, $"the method '{name}'", subject, arguments)))
            : null;
    }

    private static MethodSet? MethodsOf(object? subject) => subject switch
    {
        string or Markup => MethodSet.OfTexts,
        Mapping => MethodSet.OfMappings,
        Sequence { HasIndex: true } => MethodSet.OfSequences,
        _ => null,
    };

    private sealed record Member(object? Value);
}
