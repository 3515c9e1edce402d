namespace MaskLlm.Chat.Syntax;

/// <summary>Reads what stands behind an expression: attributes, items, calls, filters and tests.</summary>
internal sealed class PostfixParser(TokenStream tokens, NameUses uses)
{
    /// <summary>Attributes, items and calls.</summary>
    public Expression ReadPostfixes(Expression subject, ExpressionParser expressions)
    {
        while (true)
        {
            if (tokens.Skip("."))
                subject = ReadAttribute(subject);
            else if (tokens.Skip("["))
                subject = ReadItem(subject, expressions);
            else if (tokens.Skip("("))
                subject = new Expression.Call(subject, ReadArguments(expressions));
            else
                return subject;
        }
    }

    /// <summary>Filters and tests, and calls of what comes out of them.</summary>
    public Expression ReadFilters(Expression subject, ExpressionParser expressions)
    {
        while (true)
        {
            if (tokens.Skip("|"))
                subject = new Expression.Filtered(subject, ReadFilter(expressions));
            else if (tokens.SkipName("is"))
                subject = ReadTest(subject, expressions);
            else if (tokens.Skip("("))
                subject = new Expression.Call(subject, ReadArguments(expressions));
            else
                return subject;
        }
    }

    /// <summary>A filter's name and arguments, after its bar.</summary>
    public FilterCall ReadFilter(ExpressionParser expressions)
    {
        int line = tokens.Current.Line;
        string name = ReadDottedName("the name of a filter");
        uses.Add(isTest: false, name, line);
        return new FilterCall(name, tokens.Skip("(") ? ReadArguments(expressions) : ArgumentList.None);
    }

    private string ReadDottedName(string description)
    {
        string name = tokens.ExpectName(description);
        while (tokens.Skip("."))
            name += "." + tokens.ExpectName(description);
        return name;
    }

    private Expression ReadAttribute(Expression subject) => tokens.Current.Kind == TokenKind.Integer
        ? new Expression.Item(subject, new Expression.Literal(tokens.Next().Number))
        : new Expression.Attribute(subject, tokens.ExpectName("the name of an attribute"));

    private Expression ReadItem(Expression subject, ExpressionParser expressions)
    {
        Expression? start = tokens.Current.IsOperator(":") ? null : expressions.ReadTuple();
        if (!tokens.Skip(":"))
        {
            tokens.Expect("]");
            return new Expression.Item(subject, start!);
        }

        Expression? stop = ReadBound(expressions);
        Expression? step = tokens.Skip(":") ? ReadBound(expressions) : null;
        tokens.Expect("]");
        return new Expression.Slice(subject, start, stop, step);
    }

    private Expression? ReadBound(ExpressionParser expressions) =>
        tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]") ? null : expressions.Read();

    private Expression ReadTest(Expression subject, ExpressionParser expressions)
    {
        bool isNegated = tokens.SkipName("not");
        int line = tokens.Current.Line;
        string name = ReadDottedName("the name of a test");
        uses.Add(isTest: true, name, line);
        Expression.Check test = new(subject, name, ReadTestArguments(expressions));
        return isNegated ? new Expression.Not(test) : test;
    }

    // One argument of a test needs no brackets: x is divisibleby 3.
    private ArgumentList ReadTestArguments(ExpressionParser expressions)
    {
        if (tokens.Skip("("))
            return ReadArguments(expressions);
        if (!BeginsTestArgument(tokens.Current))
            return ArgumentList.None;
        Expression argument = ReadPostfixes(expressions.ReadPrimary(), expressions);
        return new ArgumentList([argument], []);
    }

    private static bool BeginsTestArgument(in Token token) => token.Kind switch
    {
        TokenKind.Name => token.Text is not ("else" or "or" or "and"),
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        _ => token.IsOperator("[") || token.IsOperator("{"),
    };

    private ArgumentList ReadArguments(ExpressionParser expressions)
    {
        (List<Expression> positional, List<(string, Expression)> named) = ([], []);
        HashSet<string> names = new(StringComparer.Ordinal);
        Expression? sequence = null;
        Expression? mapping = null;
        for (bool isFirst = true; !tokens.Skip(")"); isFirst = false)
        {
            if (!isFirst)
                tokens.Expect(",");
            Token token = tokens.Current;
            if (token.IsOperator(")"))
                continue;
            if (mapping is null && tokens.Skip("**"))
                mapping = expressions.Read();
            else if (mapping is null && sequence is null && tokens.Skip("*"))
                sequence = expressions.Read();
            else if (mapping is null && token.Kind == TokenKind.Name && tokens.Following.IsOperator("="))
                named.Add(ReadNamed(names, expressions));
            else if (mapping is null && sequence is null && named.Count == 0)
                positional.Add(expressions.Read());
            else
                throw SyntaxErrors.Unexpected(token, "a named argument: those without a name come first");
        }

        return new ArgumentList(positional, named, sequence, mapping);
    }

    private (string Name, Expression Value) ReadNamed(HashSet<string> earlier, ExpressionParser expressions)
    {
        Token token = tokens.Next();
        if (!earlier.Add(token.Text))
            throw SyntaxErrors.At(token.Line, $"found the argument '{token.Text}' twice; expected it once.");
        tokens.Expect("=");
        return (token.Text, expressions.Read());
    }
}
