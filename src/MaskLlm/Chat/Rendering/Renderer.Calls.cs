using MaskLlm.Chat.Builtins;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <content>Calls of functions, macros, filters and tests.</content>
internal sealed partial class Renderer
{
    /// <summary>Applies a filter.</summary>
    /// <exception cref="NotSupportedException">There is none of this name.</exception>
    public object? Filter(string name, object? subject, CallArguments arguments) => Filters.All.TryGetValue(name, out var filter)
        ? filter.Invoke(this, $"the filter '{name}'", subject, arguments)
        : throw SyntaxErrors.UnknownName(isTest: false, name, Line);

    /// <summary>Applies a test.</summary>
    /// <exception cref="NotSupportedException">There is none of this name.</exception>
    public bool Test(string name, object? subject, CallArguments arguments) => Tests.All.TryGetValue(name, out var test)
        ? Truth.Of(test.Invoke(this, $"the test '{name}'", subject, arguments))
        : throw SyntaxErrors.UnknownName(isTest: true, name, Line);

    private object? Filter(object? subject, FilterCall filter) => Filter(filter.Name, subject, Arguments(filter.Arguments));

    private static object? Call(object? callee, CallArguments arguments) => callee switch
    {
        Callable callable => callable.Body(arguments),
        LoopState loop => loop.Recurse(arguments),
        Undefined undefined => throw undefined.Fault(),
        _ => throw new TemplateFault($"{TypeNames.Describe(callee)} is called; expected a function, a method or a macro."),
    };

    private CallArguments Arguments(ArgumentList list)
    {
        if (ReferenceEquals(list, ArgumentList.None))
            return CallArguments.None;
        List<object?> positional = [.. list.Positional.Select(Evaluate)];
        List<(string, object?)> named = [.. list.Named.Select(argument => (argument.Name, Evaluate(argument.Value)))];
        if (list.Sequence is { } sequence)
            positional.AddRange(Iterate(Evaluate(sequence)));
        if (list.Mapping is { } mapping)
            named.AddRange(NamedBy(Evaluate(mapping)));
        return new CallArguments(positional, named);
    }

    private IEnumerable<(string, object?)> NamedBy(object? value)
    {
        if (value is not Mapping mapping)
            throw (value as Undefined)?.Fault() ?? new TemplateFault($"'**' stands before {TypeNames.Describe(value)}; expected a dict.");
        Budget.Step(mapping.Count);
        return mapping.Items.Select(item => (item.Key as string ?? throw new TemplateFault("'**' stands before a dict with keys that are no texts; expected names."), item.Value));
    }

    private Callable MacroOf(string name, IReadOnlyList<MacroParameter> parameters, Block body)
    {
        var scope = _scope;
        List<string> names = [.. parameters.Select(parameter => parameter.Name)];
        return new Callable(name, arguments => Invoke(name, new Scope(scope), arguments, names, parameters, body));
    }

    private string Invoke(string name, Scope scope, CallArguments arguments, List<string> names, IReadOnlyList<MacroParameter> parameters, Block body)
    {
        var line = Line;
        Budget.Enter();
        if (!names.Contains("caller") && arguments.Named.FirstOrDefault(argument => argument.Name == "caller") is { Value: Callable caller })
        {
            scope.Set("caller", caller);
            arguments = arguments with { Named = [.. arguments.Named.Where(argument => argument.Name != "caller")] };
        }

        SetParameters(scope, arguments.Bind($"the macro '{name}'", names), parameters);
        var text = Capture(scope, body, out _);
        Budget.Leave();
        Line = line;
        return text;
    }

    private void SetParameters(Scope scope, object?[] values, IReadOnlyList<MacroParameter> parameters)
    {
        var outer = _scope;
        _scope = scope;
        for (var index = 0; index < values.Length; index++)
        {
            var (name, otherwise) = parameters[index];
            if (!ReferenceEquals(values[index], CallArguments.Absent))
                scope.Set(name, values[index]);
            else
                scope.Set(name, otherwise is null ? new Undefined($"the parameter '{name}' is not given.") : Evaluate(otherwise));
        }

        _scope = outer;
    }

    private Flow ExecuteCallBlock(Statement.CallBlock statement)
    {
        var callee = Evaluate(statement.Call.Callee);
        var arguments = Arguments(statement.Call.Arguments);
        var caller = MacroOf("caller", statement.Parameters, statement.Body);
        _output.Append(TextOf(Call(callee, arguments with { Named = [.. arguments.Named, ("caller", caller)] })));
        return Flow.Next;
    }
}
