using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <content>Loops.</content>
internal sealed partial class Renderer
{
    /// <summary>The values that a loop over a value goes through.</summary>
    /// <exception cref="TemplateFault">It is nothing to go through.</exception>
    public IReadOnlyList<object?> Iterate(object? value)
    {
        Budget.Step();
        object? plain = Markup.Plain(value);
        if (plain is Sequence or Mapping)
            Budget.Step(plain is Mapping keys ? 2 * keys.Count : ((Sequence)plain).Items.Count);
        IReadOnlyList<object?> items = plain switch
        {
            Sequence sequence => sequence.Read(),
            Mapping mapping => [.. mapping.Keys],
            string text => Characters(text),
            Undefined => [],
            _ => throw new TemplateFault($"{TypeNames.Describe(value)} holds nothing to go through; expected a list, a dict or a text."),
        };
        return items;
    }

    // Each is a text of its own, which takes far more memory than its character.
    private List<string> Characters(string text)
    {
        Budget.Step(4L * text.Length);
        return CodePoints.Split(text);
    }

    private Flow ExecuteFor(Statement.For statement) => ExecuteFor(statement, Evaluate(statement.Items), depth: 0);

    private Flow ExecuteFor(Statement.For statement, object? value, long depth)
    {
        IReadOnlyList<object?> items = Iterate(value);
        if (statement.Test is { } test)
            items = [.. items.Where(item => Passes(statement.Target, test, item))];
        if (items.Count == 0)
            return statement.Otherwise is { } otherwise ? ExecuteIn(new Scope(_scope), otherwise) : Flow.Next;
        Scope outer = _scope;
        LoopState loop = new(items, Budget, depth, statement.IsRecursive ? others => Recurse(statement, outer, others, depth + 1)
            : null);
        Flow flow = Flow.Next;
        for (; loop.Index < items.Count && flow != Flow.Break; loop.Index++)
        {
            Budget.Step(3);
            _scope = new Scope(outer);
            _scope.Set("loop", loop);
            Assign(statement.Target, items[loop.Index]);
            flow = Execute(statement.Body);
        }

        _scope = outer;
        return Flow.Next;
    }

    private object Recurse(Statement.For statement, Scope outer, object? value, long depth)
    {
        (Scope? scope, TextBuilder? output, int line) = (_scope, _output, Line);
        Budget.Enter();
        (_scope, _output) = (outer, new TextBuilder(Budget));
        ExecuteFor(statement, value, depth);
        string text = _output.ToString();
        (_scope, _output, Line) = (scope, output, line);
        Budget.Leave();
        return Rendered(text);
    }

    private bool Passes(Target target, Expression test, object? item)
    {
        Scope outer = _scope;
        _scope = new Scope(outer);
        Assign(target, item);
        bool passes = Truth.Of(Evaluate(test));
        _scope = outer;
        return passes;
    }
}
