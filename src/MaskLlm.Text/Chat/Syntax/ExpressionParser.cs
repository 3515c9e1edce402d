using System.Text;

namespace MaskLlm.Chat.Syntax;

/// <summary>Reads expressions, weakest operators first.</summary>
internal sealed class ExpressionParser(TokenStream tokens, Nesting nesting, NameUses uses)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];
    private static readonly string[] Words = ["and", "else", "if", "in", "is", "not", "or"];
    private readonly PostfixParser _postfix = new(tokens, uses);

    /// <summary>An expression.</summary>
    public Expression Read()
    {
        nesting.Enter(tokens.Current.Line);
        int firstUse = uses.Count;
        Expression expression = ReadOr();
        while (tokens.SkipName("if"))
        {
            Expression test = ReadOr();
            expression = new Expression.Conditional(test, expression, tokens.SkipName("else") ? Read() : null);
            uses.MakeBranch(firstUse);
        }

        nesting.Leave();
        return expression;
    }

    /// <summary>An expression, or several with commas between them, which are a tuple.</summary>
    public Expression ReadTuple() => ReadTuple(Read);

    /// <summary>The same where <c>if</c> after it begins something else.</summary>
    public Expression ReadTupleWithoutIf() => ReadTuple(ReadOr);

    private Expression ReadTuple(Func<Expression> read)
    {
        Expression first = read();
        if (!tokens.Current.IsOperator(","))
            return first;
        List<Expression> items = [first];
        while (tokens.Skip(",") && !EndsTuple())
            items.Add(read());
        return new Expression.Tuple(items);
    }

    private bool EndsTuple() => tokens.Current.Kind is TokenKind.BlockEnd or TokenKind.PrintEnd or TokenKind.End
        || tokens.Current.IsOperator(")");

    private Expression ReadOr()
    {
        Expression left = ReadAnd();
        while (tokens.SkipName("or"))
            left = new Expression.Or(left, ReadAnd());
        return left;
    }

    private Expression ReadAnd()
    {
        Expression left = ReadNot();
        while (tokens.SkipName("and"))
            left = new Expression.And(left, ReadNot());
        return left;
    }

    private Expression ReadNot()
    {
        int line = tokens.Current.Line;
        if (!tokens.SkipName("not"))
            return ReadComparison();
        nesting.Enter(line);
        Expression operand = ReadNot();
        nesting.Leave();
        return new Expression.Not(operand);
    }

    private Expression ReadComparison()
    {
        Expression first = ReadSum();
        List<(string, Expression)> rest = [];
        while (NextComparison() is { } comparison)
            rest.Add((comparison, ReadSum()));
        return rest.Count == 0 ? first : new Expression.Comparison(first, rest);
    }

    private string? NextComparison()
    {
        if (tokens.SkipName("in"))
            return "in";
        if (tokens.Current.IsName("not") && tokens.Following.IsName("in"))
        {
            tokens.Next();
            tokens.Next();
            return "not in";
        }

        return tokens.Current.Kind == TokenKind.Operator && Comparisons.Contains(tokens.Current.Text) ? tokens.Next().Text : null;
    }

    private Expression ReadSum()
    {
        Expression left = ReadConcatenation();
        while (NextOf("+", "-") is { } sign)
            left = new Expression.Binary(sign, left, ReadConcatenation());
        return left;
    }

    // In Jinja ~ binds more strongly than + does.
    private Expression ReadConcatenation()
    {
        Expression first = ReadProduct();
        if (!tokens.Current.IsOperator("~"))
            return first;
        List<Expression> parts = [first];
        while (tokens.Skip("~"))
            parts.Add(ReadProduct());
        return new Expression.Concatenation(parts);
    }

    private Expression ReadProduct()
    {
        Expression left = ReadPower();
        while (NextOf("*", "/", "//", "%") is { } sign)
            left = new Expression.Binary(sign, left, ReadPower());
        return left;
    }

    // In Jinja powers are read from the left, and a sign is stronger.
    private Expression ReadPower()
    {
        Expression left = ReadUnary(hasFilters: true);
        while (NextOf("**") is { } sign)
            left = new Expression.Binary(sign, left, ReadUnary(hasFilters: true));
        return left;
    }

    private string? NextOf(params ReadOnlySpan<string> operators)
    {
        if (tokens.Current.Kind != TokenKind.Operator || !operators.Contains(tokens.Current.Text))
            return null;
        return tokens.Next().Text;
    }

    private Expression ReadUnary(bool hasFilters)
    {
        nesting.Enter(tokens.Current.Line);
        Expression expression = NextOf("-", "+") is { } sign
            ? new Expression.Sign(ReadUnary(hasFilters: false), sign == "-")
            : ReadPrimary();
        expression = _postfix.ReadPostfixes(expression, this);
        if (hasFilters)
            expression = _postfix.ReadFilters(expression, this);
        nesting.Leave();
        return expression;
    }

    /// <summary>A literal, a name, or something in brackets.</summary>
    public Expression ReadPrimary()
    {
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ReadName(tokens.Next());
            case TokenKind.Integer or TokenKind.Float:
                return new Expression.Literal(tokens.Next().Number);
            case TokenKind.String:
                return new Expression.Literal(ReadStrings());
        }

        if (tokens.Skip("("))
            return ReadParenthesized();
        if (tokens.Skip("["))
            return new Expression.List(ReadItems("]"));
        if (tokens.Skip("{"))
            return ReadDictionary();
        throw SyntaxErrors.Unexpected(token, "an expression");
    }

    private Expression ReadName(in Token token)
    {
        if (Words.Contains(token.Text))
            throw SyntaxErrors.Unexpected(token, "an expression");
        uses.AddVariable(token.Text);
        return token.Text switch
        {
            "true" or "True" => new Expression.Literal(true),
            "false" or "False" => new Expression.Literal(false),
            "none" or "None" => new Expression.Literal(null),
            var name => new Expression.Variable(name),
        };
    }

    private string ReadStrings()
    {
        string text = tokens.Next().Text;
        if (tokens.Current.Kind != TokenKind.String)
            return text;
        StringBuilder whole = new(text);
        while (tokens.Current.Kind == TokenKind.String)
            whole.Append(tokens.Next().Text);
        return whole.ToString();
    }

    private Expression ReadParenthesized()
    {
        Expression expression = tokens.Current.IsOperator(")") ? new Expression.Tuple([]) : ReadTuple();
        tokens.Expect(")");
        return expression;
    }

    private List<Expression> ReadItems(string end)
    {
        List<Expression> items = [];
        while (!tokens.Skip(end))
        {
            if (items.Count > 0)
                tokens.Expect(",");
            if (!tokens.Current.IsOperator(end))
                items.Add(Read());
        }

        return items;
    }

    private Expression.Dictionary ReadDictionary()
    {
        List<(Expression, Expression)> items = [];
        while (!tokens.Skip("}"))
        {
            if (items.Count > 0)
                tokens.Expect(",");
            if (tokens.Current.IsOperator("}"))
                continue;
            Expression key = Read();
            tokens.Expect(":");
            items.Add((key, Read()));
        }

        return new Expression.Dictionary(items);
    }
}
