using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <summary>Renders a template once.</summary>
/// <remarks>Statements are here; expressions, loops and calls have files of their own.</remarks>
internal sealed partial class Renderer
{
    private readonly Arithmetic _arithmetic;
    private Scope _scope = new(null);
    private Scope _top;
    private TextBuilder _output;
    private bool _escapes;

    /// <summary>Prepares a rendering.</summary>
    /// <param name="defaults">What is there where the template is not given another.</param>
    /// <param name="limits">What it may cost.</param>
    /// <param name="clock">What tells it the time.</param>
    public Renderer(IEnumerable<(string Name, object? Value)> defaults, RenderLimits limits, TimeProvider clock)
    {
        Budget = new Budget(limits);
        Members = new Members(this);
        _arithmetic = new Arithmetic(Budget);
        _output = new TextBuilder(Budget);
        _top = _scope;
        foreach ((string name, object? value) in Builtins.Globals.All(this, clock).Concat(defaults))
            _scope.Set(name, value);
    }

    /// <summary>What the rendering may still cost.</summary>
    public Budget Budget { get; }

    /// <summary>Attributes and items of values.</summary>
    public Members Members { get; }

    /// <summary>The line of the statement that is being rendered.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Renders the template.</summary>
    /// <param name="template">The template.</param>
    /// <param name="variables">What it is given.</param>
    public string Render(Block template, IEnumerable<(string Name, object? Value)> variables)
    {
        foreach ((string name, object? value) in variables)
            _scope.Set(name, value);
        // What the template sets leaves the functions as they are.
        _top = _scope = new Scope(_scope);
        Execute(template);
        return _output.ToString();
    }

    /// <summary>Whether what is printed is escaped.</summary>
    public bool Escapes => _escapes;

    /// <summary>What a value prints as.</summary>
    public string TextOf(object? value) => PythonText.Of(value, Budget);

    private Flow Execute(Block block)
    {
        foreach (Statement statement in block.Statements)
        {
            Line = statement.Line;
            Budget.Enter();
            Flow flow = Execute(statement);
            Budget.Leave();
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Execute(Statement statement)
    {
        switch (statement)
        {
            case Statement.Text text:
                _output.Append(text.Content);
                return Flow.Next;
            case Statement.Print print:
                Print(Evaluate(print.Value));
                return Flow.Next;
            case Statement.Set set:
                Assign(set.Target, Evaluate(set.Value));
                return Flow.Next;
            case Statement.Macro macro:
                _scope.Set(macro.Name, MacroOf(macro.Name, macro.Body));
                return Flow.Next;
            case Statement.Break:
                return Flow.Break;
            case Statement.Continue:
                return Flow.Continue;
            default:
                return ExecuteWithBody(statement);
        }
    }

    private Flow ExecuteWithBody(Statement statement) => statement switch
    {
        Statement.If test => ExecuteIf(test),
        Statement.For loop => ExecuteFor(loop),
        Statement.SetBlock set => ExecuteCaptured(set.Body, set.Filters, text => Assign(set.Target, text)),
        Statement.FilterBlock filter => ExecuteCaptured(filter.Body, filter.Filters, text => _output.Append(TextOf(text))),
        Statement.CallBlock call => ExecuteCallBlock(call),
        Statement.With with => ExecuteWith(with),
        Statement.Named named => ExecuteNamed(named),
        Statement.AutoEscape escape => ExecuteAutoEscape(escape),
        Statement.Foreign foreign => throw SyntaxErrors.Foreign(foreign.Name, foreign.Line),
        _ => throw new InvalidOperationException($"No way to render a {statement.GetType().Name}."),
    };

    private Flow ExecuteIf(Statement.If statement)
    {
        foreach ((Expression test, Block? body) in statement.Branches)
        {
            if (Truth.Of(Evaluate(test)))
                return Execute(body);
        }

        return statement.Otherwise is { } otherwise ? Execute(otherwise) : Flow.Next;
    }

    private Flow ExecuteWith(Statement.With statement)
    {
        Scope outer = _scope;
        Scope inner = new(outer);
        foreach ((Target? target, Expression expression) in statement.Variables)
        {
            object? value = Evaluate(expression);
            _scope = inner;
            Assign(target, value);
            _scope = outer;
        }

        return ExecuteIn(inner, statement.Body);
    }

    private Flow ExecuteNamed(Statement.Named statement)
    {
        if (statement.IsRequired)
            throw new TemplateFault($"the block '{statement.Name}' is required of a template that extends this one; expected one without "
                + $"'required'.");
        // A block is a template of its own: an 'autoescape' around it is not its own.
        bool escaped = _escapes;
        _escapes = false;
        Flow flow = ExecuteIn(new Scope(statement.IsScoped ? _scope : _top), statement.Body);
        _escapes = escaped;
        return flow;
    }

    private Flow ExecuteAutoEscape(Statement.AutoEscape statement)
    {
        bool escaped = _escapes;
        _escapes = Truth.Of(Evaluate(statement.Value));
        Flow flow = ExecuteIn(new Scope(_scope), statement.Body);
        _escapes = escaped;
        return flow;
    }

    private void Print(object? value) =>
        _output.Append(_escapes && value is not Markup ? Markup.Escape(TextOf(value), Budget) : TextOf(value));

    /// <summary>A text that has been rendered: it is safe where what was printed in it was escaped.</summary>
    private object Rendered(string text) => _escapes ? new Markup(text) : text;

    /// <summary>Renders a block to a text instead of the output, and hands it on through filters.</summary>
    private Flow ExecuteCaptured(Block body, IReadOnlyList<FilterCall> filters, Action<object?> use)
    {
        string text = Capture(new Scope(_scope), body, out Flow flow);
        if (flow == Flow.Next)
            use(filters.Aggregate((object?)Rendered(text), Filter));
        return flow;
    }

    private string Capture(Scope scope, Block body, out Flow flow)
    {
        TextBuilder output = _output;
        _output = new TextBuilder(Budget);
        flow = ExecuteIn(scope, body);
        string text = _output.ToString();
        _output = output;
        return text;
    }

    private Flow ExecuteIn(Scope scope, Block body)
    {
        Scope outer = _scope;
        _scope = scope;
        Flow flow = Execute(body);
        _scope = outer;
        return flow;
    }

    private void Assign(Target target, object? value)
    {
        switch (target)
        {
            case Target.Variable variable:
                _scope.Set(variable.Name, value);
                break;
            case Target.Attribute attribute:
                SetAttribute(attribute, value);
                break;
            case Target.Unpacking unpacking:
                Unpack(unpacking.Parts, value);
                break;
        }
    }

    private void SetAttribute(Target.Attribute target, object? value)
    {
        object? subject = Variable(target.Namespace);
        if (subject is not Namespace space)
            throw subject is Undefined undefined ? undefined.Fault()
                : new TemplateFault($"{target.Namespace}.{target.Name} is set, but {target.Namespace} is {TypeNames.Describe(subject)}; "
                + $"expected a namespace.");
        space.Attributes[target.Name] = value;
    }

    private void Unpack(IReadOnlyList<Target> parts, object? value)
    {
        IReadOnlyList<object?> items = Iterate(value);
        if (items.Count != parts.Count)
            throw new TemplateFault($"{items.Count} values are assigned to {parts.Count} names; expected as many.");
        for (int index = 0; index < parts.Count; index++)
            Assign(parts[index], items[index]);
    }
}
