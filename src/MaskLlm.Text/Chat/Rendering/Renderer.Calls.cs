using MaskLlm.Chat.Builtins;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <content>Calls of functions, macros, filters and tests.</content>
internal sealed partial class Renderer
{
    /// <summary>Applies a filter.</summary>
    /// <exception cref="NotSupportedException">There is none of this name.</exception>
    public object? Filter(string name, object? subject, CallArguments arguments) => Filters.All.TryGetValue(name, out Builtin? filter)
        ? filter.Invoke(this, $"the filter '{name}'", subject, arguments)
        : throw SyntaxErrors.UnknownName(isTest: false, name, Line);

    /// <summary>Applies a test.</summary>
    /// <exception cref="NotSupportedException">There is none of this name.</exception>
    public bool Test(string name, object? subject, CallArguments arguments) => Tests.All.TryGetValue(name, out Builtin? test)
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
        return mapping.Items.Select(item =>
            (item.Key as string ?? throw new TemplateFault("'**' stands before a dict with keys that are no texts; expected names."),
            item.Value));
    }

    private Callable MacroOf(string name, MacroBody body)
    {
        (Scope? scope, bool escapes) = (_scope, _escapes);
        List<string> names = [.. body.Parameters.Select(parameter => parameter.Name)];
        return new Callable(name, arguments => Invoke(name, new Scope(scope), arguments, names, body, escapes));
    }

    private object Invoke(string name, Scope scope, CallArguments arguments, List<string> names, MacroBody body, bool escapes)
    {
        (int line, bool escaped) = (Line, _escapes);
        Budget.Enter();
        arguments = TakeExtras(scope, arguments, names, body.Extras);
        SetParameters(scope, arguments.Bind($"the macro '{name}'", names), body.Parameters);
        _escapes = escapes;
        string text = Capture(scope, body.Statements, out _);
        _escapes = escaped;
        Budget.Leave();
        Line = line;
        return Rendered(text);
    }

    /// <summary>Sets what a macro reads beside its parameters, and leaves the arguments of those.</summary>
    private CallArguments TakeExtras(Scope scope, CallArguments arguments, List<string> names, IReadOnlySet<string> extras)
    {
        (IReadOnlyList<object?>? positional, IReadOnlyList<(string Name, object? Value)>? named) = (arguments.Positional, arguments.Named);
        if (extras.Contains(MacroBody.Caller))
        {
            object? given = named.FirstOrDefault(argument => argument.Name == MacroBody.Caller).Value;
            scope.Set(MacroBody.Caller, given ?? new Undefined("'caller' is undefined, as the macro is not called by a 'call' block."));
            named = [.. named.Where(argument => argument.Name != MacroBody.Caller)];
        }

        if (extras.Contains(MacroBody.Others))
        {
            Budget.Step(4 + positional.Count);
            scope.Set(MacroBody.Others, new Sequence([.. positional.Skip(names.Count)], SequenceKind.Tuple));
            positional = [.. positional.Take(names.Count)];
        }

        if (extras.Contains(MacroBody.Keywords))
        {
            Budget.Step(16 + 8 * named.Count);
            // A parameter that has its value already leaves another of its name to them, as Jinja has it.
            List<string> open = [.. names.Skip(positional.Count)];
            scope.Set(MacroBody.Keywords,
                new Mapping(named.Where(argument => !open.Contains(argument.Name))
                .Select(argument => ((object?)argument.Name, argument.Value))));
            named = [.. named.Where(argument => open.Contains(argument.Name))];
        }

        return new CallArguments(positional, named);
    }

    private void SetParameters(Scope scope, object?[] values, IReadOnlyList<MacroParameter> parameters)
    {
        Scope outer = _scope;
        _scope = scope;
        for (int index = 0; index < values.Length; index++)
        {
            (string name, Expression? otherwise) = parameters[index];
            if (!ReferenceEquals(values[index], CallArguments.Absent))
                scope.Set(name, values[index]);
            else
                scope.Set(name, otherwise is null ? new Undefined($"the parameter '{name}' is not given.") : Evaluate(otherwise));
        }

        _scope = outer;
    }

    private Flow ExecuteCallBlock(Statement.CallBlock statement)
    {
        object? callee = Evaluate(statement.Call.Callee);
        CallArguments arguments = Arguments(statement.Call.Arguments);
        Callable caller = MacroOf(MacroBody.Caller, statement.Body);
        _output.Append(TextOf(Call(callee, arguments with { Named = [.. arguments.Named, (MacroBody.Caller, caller)] })));
        return Flow.Next;
    }
}
