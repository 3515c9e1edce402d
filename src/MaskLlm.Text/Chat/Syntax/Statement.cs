namespace MaskLlm.Chat.Syntax;

/// <summary>A statement of a template.</summary>
/// <param name="Line">The line it begins on, from 1.</param>
internal abstract record Statement(int Line)
{
    /// <summary>Text outside of tags.</summary>
    public sealed record Text(int Line, string Content) : Statement(Line);

    /// <summary><c>{{ value }}</c>.</summary>
    public sealed record Print(int Line, Expression Value) : Statement(Line);

    /// <summary><c>{% if %}</c>, its <c>elif</c>s, and its <c>else</c>.</summary>
    public sealed record If(int Line, IReadOnlyList<(Expression Test, Block Body)> Branches, Block? Otherwise) : Statement(Line);

    /// <summary><c>{% for target in items if test recursive %}</c>, and its <c>else</c>.</summary>
    public sealed record For(int Line, Target Target, Expression Items, Expression? Test, Block Body, Block? Otherwise,
        bool IsRecursive) : Statement(Line);

    /// <summary><c>{% set target = value %}</c>.</summary>
    public sealed record Set(int Line, Target Target, Expression Value) : Statement(Line);

    /// <summary><c>{% set target %}...{% endset %}</c>.</summary>
    public sealed record SetBlock(int Line, Target Target, IReadOnlyList<FilterCall> Filters, Block Body) : Statement(Line);

    /// <summary><c>{% macro name(parameters) %}</c>.</summary>
    public sealed record Macro(int Line, string Name, MacroBody Body) : Statement(Line);

    /// <summary><c>{% call(parameters) macro() %}</c>.</summary>
    public sealed record CallBlock(int Line, Expression.Call Call, MacroBody Body) : Statement(Line);

    /// <summary><c>{% filter name %}</c>.</summary>
    public sealed record FilterBlock(int Line, IReadOnlyList<FilterCall> Filters, Block Body) : Statement(Line);

    /// <summary><c>{% with a = b %}</c>.</summary>
    public sealed record With(int Line, IReadOnlyList<(Target Target, Expression Value)> Variables, Block Body) : Statement(Line);

    /// <summary><c>{% block name scoped required %}</c>: without <c>scoped</c> it sees what the template's top level has set, and no
    /// more.</summary>
    public sealed record Named(int Line, string Name, Block Body, bool IsScoped, bool IsRequired) : Statement(Line);

    /// <summary><c>{% autoescape value %}</c>.</summary>
    public sealed record AutoEscape(int Line, Expression Value, Block Body) : Statement(Line);

    /// <summary>What asks for another template: it can be read, and there is none to load.</summary>
    public sealed record Foreign(int Line, string Name) : Statement(Line);

    /// <summary><c>{% break %}</c>.</summary>
    public sealed record Break(int Line) : Statement(Line);

    /// <summary><c>{% continue %}</c>.</summary>
    public sealed record Continue(int Line) : Statement(Line);
}
