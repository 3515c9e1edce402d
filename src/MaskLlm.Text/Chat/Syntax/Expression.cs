namespace MaskLlm.Chat.Syntax;

/// <summary>An expression of a template.</summary>
internal abstract record Expression
{
    /// <summary>A value as it stands.</summary>
    public sealed record Literal(object? Value) : Expression;

    /// <summary>A variable.</summary>
    public sealed record Variable(string Name) : Expression;

    /// <summary><c>[a, b]</c>.</summary>
    public sealed record List(IReadOnlyList<Expression> Items) : Expression;

    /// <summary><c>(a, b)</c>.</summary>
    public sealed record Tuple(IReadOnlyList<Expression> Items) : Expression;

    /// <summary><c>{a: b}</c>.</summary>
    public sealed record Dictionary(IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression;

    /// <summary><c>a.name</c>.</summary>
    public sealed record Attribute(Expression Subject, string Name) : Expression;

    /// <summary><c>a[index]</c>.</summary>
    public sealed record Item(Expression Subject, Expression Index) : Expression;

    /// <summary><c>a[start:stop:step]</c>.</summary>
    public sealed record Slice(Expression Subject, Expression? Start, Expression? Stop, Expression? Step) : Expression;

    /// <summary><c>a(arguments)</c>.</summary>
    public sealed record Call(Expression Callee, ArgumentList Arguments) : Expression;

    /// <summary><c>a | filter</c>.</summary>
    public sealed record Filtered(Expression Subject, FilterCall Filter) : Expression;

    /// <summary><c>a is test</c>.</summary>
    public sealed record Check(Expression Subject, string Name, ArgumentList Arguments) : Expression;

    /// <summary><c>-a</c> or <c>+a</c>.</summary>
    public sealed record Sign(Expression Operand, bool IsNegative) : Expression;

    /// <summary>Arithmetic with two operands.</summary>
    public sealed record Binary(string Operator, Expression Left, Expression Right) : Expression;

    /// <summary><c>a ~ b ~ c</c>.</summary>
    public sealed record Concatenation(IReadOnlyList<Expression> Parts) : Expression;

    /// <summary><c>a &lt; b &lt;= c</c>.</summary>
    public sealed record Comparison(Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest) : Expression;

    /// <summary><c>a and b</c>.</summary>
    public sealed record And(Expression Left, Expression Right) : Expression;

    /// <summary><c>a or b</c>.</summary>
    public sealed record Or(Expression Left, Expression Right) : Expression;

    /// <summary><c>not a</c>.</summary>
    public sealed record Not(Expression Operand) : Expression;

    /// <summary><c>a if test else b</c>; without else, undefined.</summary>
    public sealed record Conditional(Expression Test, Expression Then, Expression? Otherwise) : Expression;
}
