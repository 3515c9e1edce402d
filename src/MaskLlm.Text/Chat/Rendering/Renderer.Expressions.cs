using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Rendering;

/// <content>Expressions.</content>
internal sealed partial class Renderer
{
    private object? Evaluate(Expression expression)
    {
        Budget.Enter();
        object? value = expression switch
        {
            Expression.Literal literal => literal.Value,
            Expression.Variable variable => Variable(variable.Name),
            Expression.Attribute attribute => Members.Attribute(Evaluate(attribute.Subject), attribute.Name),
            Expression.Item item => Members.Item(Evaluate(item.Subject), Evaluate(item.Index)),
            Expression.Slice slice => Slice(slice),
            Expression.Call call => Call(Evaluate(call.Callee), Arguments(call.Arguments)),
            Expression.Filtered filtered => Filter(Evaluate(filtered.Subject), filtered.Filter),
            Expression.Check test => Test(test.Name, Evaluate(test.Subject), Arguments(test.Arguments)),
            Expression.List list => new Sequence(Evaluate(list.Items)),
            Expression.Tuple tuple => new Sequence(Evaluate(tuple.Items), SequenceKind.Tuple),
            Expression.Dictionary dictionary => Dictionary(dictionary),
            _ => Operate(expression),
        };
        Budget.Leave();
        return value;
    }

    private object? Operate(Expression expression) => expression switch
    {
        Expression.Binary binary => _arithmetic.Apply(binary.Operator, Evaluate(binary.Left), Evaluate(binary.Right)),
        Expression.Concatenation concatenation => Concatenate(concatenation.Parts),
        Expression.Comparison comparison => Compare(comparison),
        Expression.And and => Evaluate(and.Left) is var left && Truth.Of(left) ? Evaluate(and.Right) : left,
        Expression.Or or => Evaluate(or.Left) is var left && Truth.Of(left) ? left : Evaluate(or.Right),
        Expression.Not not => !Truth.Of(Evaluate(not.Operand)),
        Expression.Sign sign => Arithmetic.Sign(Evaluate(sign.Operand), sign.IsNegative),
        Expression.Conditional conditional => Choose(conditional),
        _ => throw new InvalidOperationException($"No way to evaluate a {expression.GetType().Name}."),
    };

    private object? Variable(string name)
    {
        if (_scope.TryGet(name, out object? value))
            return value;
        if (name is "lipsum" or "self" or "super")
            throw new NotSupportedException(
                $"{SyntaxErrors.Template}, line {Line}: '{name}' is not supported. Templates written for transformers' apply_chat_template "
                + $"seldom need it.");
        return Undefined.Variable(name);
    }

    private object?[] Evaluate(IReadOnlyList<Expression> expressions)
    {
        object?[] values = new object?[expressions.Count];
        for (int index = 0; index < values.Length; index++)
            values[index] = Evaluate(expressions[index]);
        // What is made takes memory for as long as the template keeps it.
        Budget.Step(4 + values.Length);
        return values;
    }

    private Mapping Dictionary(Expression.Dictionary dictionary)
    {
        Budget.Step(16 + 8 * dictionary.Items.Count);
        return new Mapping([.. dictionary.Items.Select(item => (Read(Evaluate(item.Key)), Evaluate(item.Value)))]);
    }

    private object? Read(object? value)
    {
        Budget.Read(value);
        return value;
    }

    private object? Slice(Expression.Slice slice)
    {
        object? subject = Evaluate(slice.Subject);
        return Members.Slice(subject, Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step) ?? 1);
    }

    private long? Bound(Expression? expression)
    {
        object? value = expression is null ? null : Evaluate(expression);
        if (value is null)
            return null;
        return Numbers.TryWhole(value, out long bound)
            ? bound
            : throw (value as Undefined)?.Fault()
                ?? new TemplateFault($"{TypeNames.Describe(value)} is no bound of a slice; expected a whole number.");
    }

    private object Concatenate(IReadOnlyList<Expression> parts)
    {
        object?[] values = Evaluate(parts);
        // Where what is printed is escaped, one safe text makes the whole one.
        bool isMarked = _escapes && values.Any(value => value is Markup);
        TextBuilder builder = new(Budget);
        foreach (object? value in values)
            builder.Append(isMarked && value is not Markup ? Markup.Escape(TextOf(value), Budget) : TextOf(value));
        return isMarked ? new Markup(builder.ToString()) : builder.ToString();
    }

    private object? Choose(Expression.Conditional conditional)
    {
        if (Truth.Of(Evaluate(conditional.Test)))
            return Evaluate(conditional.Then);
        return conditional.Otherwise is { } otherwise
            ? Evaluate(otherwise)
            : new Undefined("an 'if' without 'else' has no value, as its condition is false.");
    }

    private bool Compare(Expression.Comparison comparison)
    {
        object? left = Evaluate(comparison.First);
        foreach ((string sign, Expression operand) in comparison.Rest)
        {
            object? right = Evaluate(operand);
            if (!Compare(sign, left, right))
                return false;
            left = right;
        }

        return true;
    }

    /// <summary>Whether a comparison holds.</summary>
    /// <exception cref="TemplateFault">The values cannot be compared.</exception>
    public bool Compare(string sign, object? left, object? right)
    {
        if (sign is "in" or "not in")
            return Contains(right, left) == (sign == "in");
        Budget.Compare(left, right);
        return sign switch
        {
            "==" => Equality.AreEqual(left, right),
            "!=" => !Equality.AreEqual(left, right),
            _ when IsUnordered(left) || IsUnordered(right) => IsUnorderedPairAllowed(left, right),
            "<" => Ordering.Compare(left, right) < 0,
            "<=" => Ordering.Compare(left, right) <= 0,
            ">" => Ordering.Compare(left, right) > 0,
            _ => Ordering.Compare(left, right) >= 0,
        };
    }

    private static bool IsUnordered(object? value) => value is double.NaN;

    // Nothing is smaller or larger than what is not a number; that the other one is a number is checked all the same.
    private static bool IsUnorderedPairAllowed(object? left, object? right)
    {
        Ordering.Compare(left, right);
        return false;
    }

    /// <summary>Python's <c>in</c>.</summary>
    /// <exception cref="TemplateFault">Nothing can be in such a value, or not this.</exception>
    private bool Contains(object? container, object? value)
    {
        switch (container)
        {
            case string or Markup:
                string text = (string)Markup.Plain(container)!;
                if (Markup.Plain(value) is not string sought)
                    throw (value as Undefined)?.Fault()
                        ?? new TemplateFault($"{TypeNames.Describe(value)} cannot be in a text; expected a text.");
                Budget.Search(text, sought);
                return text.Contains(sought, StringComparison.Ordinal);
            case Mapping mapping:
                return mapping.TryGet(Read(value), out _);
            default:
                return Iterate(container).Any(item => Compare("==", item, value));
        }
    }
}
