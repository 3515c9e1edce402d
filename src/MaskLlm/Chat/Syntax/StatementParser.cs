namespace MaskLlm.Chat.Syntax;

/// <summary>Reads the statements, each after its word and up to the end of its last tag.</summary>
internal sealed class StatementParser(TokenStream tokens, ExpressionParser expressions, TemplateParser template, Nesting nesting, NameUses uses)
{
    private readonly PostfixParser _postfix = new(tokens, uses);
    private bool _isInLoop;

    /// <summary>Reads the statement that begins with a word, or nothing where none does.</summary>
    public Statement? Read(in Token word) => word.Text switch
    {
        "if" => ReadIf(word),
        "for" => ReadFor(word),
        "set" => ReadSet(word),
        "macro" => ReadMacro(word),
        "call" => ReadCallBlock(word),
        "filter" => ReadFilterBlock(word),
        "with" => ReadWith(word),
        "generation" => ReadGeneration(word),
        "print" => new Statement.Print(word.Line, expressions.ReadTuple()),
        "break" => InLoop(word, new Statement.Break(word.Line)),
        "continue" => InLoop(word, new Statement.Continue(word.Line)),
        _ => null,
    };

    private Statement InLoop(in Token word, Statement statement) =>
        _isInLoop ? statement : throw SyntaxErrors.At(word.Line, $"found '{word.Text}' outside of a loop; expected it between 'for' and 'endfor'.");

    private Statement.If ReadIf(in Token word)
    {
        uses.EnterBranch();
        var branches = new List<(Expression, Block)>();
        string end;
        do
        {
            var test = expressions.ReadTupleWithoutIf();
            branches.Add((test, template.ReadBody(word, "elif", "else", "endif")));
            end = tokens.Next().Text;
        }
        while (end == "elif");
        var otherwise = end == "else" ? ReadLast(word, "endif") : null;
        uses.LeaveBranch();
        return new Statement.If(word.Line, branches, otherwise);
    }

    private Statement.For ReadFor(in Token word)
    {
        var target = ReadTarget();
        if (!tokens.SkipName("in"))
            throw SyntaxErrors.Unexpected(tokens.Current, "'in'");
        var items = expressions.ReadTupleWithoutIf();
        var test = tokens.SkipName("if") ? expressions.Read() : null;
        var isRecursive = tokens.SkipName("recursive");
        var wasInLoop = _isInLoop;
        _isInLoop = true;
        var body = template.ReadBody(word, "else", "endfor");
        _isInLoop = wasInLoop;
        var otherwise = tokens.Next().Text == "else" ? ReadLast(word, "endfor") : null;
        return new Statement.For(word.Line, target, items, test, body, otherwise, isRecursive);
    }

    private Statement ReadSet(in Token word)
    {
        var target = ReadTarget(hasAttributes: true);
        if (tokens.Skip("="))
            return new Statement.Set(word.Line, target, expressions.ReadTuple());
        var filters = ReadFilters();
        return new Statement.SetBlock(word.Line, target, filters, ReadLast(word, "endset"));
    }

    private Statement.Macro ReadMacro(in Token word)
    {
        var name = ReadVariable();
        tokens.Expect("(");
        var parameters = ReadParameters();
        return new Statement.Macro(word.Line, name, parameters, ReadMacroBody(word, "endmacro"));
    }

    private Statement.CallBlock ReadCallBlock(in Token word)
    {
        var parameters = tokens.Skip("(") ? ReadParameters() : [];
        var token = tokens.Current;
        if (expressions.Read() is not Expression.Call call)
            throw SyntaxErrors.Unexpected(token, "the call of a macro");
        return new Statement.CallBlock(word.Line, parameters, call, ReadMacroBody(word, "endcall"));
    }

    private Statement.FilterBlock ReadFilterBlock(in Token word)
    {
        List<FilterCall> filters = [_postfix.ReadFilter(expressions), .. ReadFilters()];
        return new Statement.FilterBlock(word.Line, filters, ReadLast(word, "endfilter"));
    }

    private Statement.With ReadWith(in Token word)
    {
        var variables = new List<(Target, Expression)>();
        while (tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                tokens.Expect(",");
            var target = ReadTarget();
            tokens.Expect("=");
            variables.Add((target, expressions.Read()));
        }

        return new Statement.With(word.Line, variables, ReadLast(word, "endwith"));
    }

    // transformers marks with it what an assistant wrote; for the text it is a block like others.
    private Statement.With ReadGeneration(in Token word) => new(word.Line, [], ReadLast(word, "endgeneration"));

    private Block ReadLast(in Token word, string end)
    {
        var body = template.ReadBody(word, end);
        tokens.Next();
        return body;
    }

    private Block ReadMacroBody(in Token word, string end)
    {
        var (wasInLoop, wasInMacro) = (_isInLoop, expressions.IsInMacro);
        (_isInLoop, expressions.IsInMacro) = (false, true);
        var body = ReadLast(word, end);
        (_isInLoop, expressions.IsInMacro) = (wasInLoop, wasInMacro);
        return body;
    }

    private List<FilterCall> ReadFilters()
    {
        var filters = new List<FilterCall>();
        while (tokens.Skip("|"))
            filters.Add(_postfix.ReadFilter(expressions));
        return filters;
    }

    private List<MacroParameter> ReadParameters()
    {
        var parameters = new List<MacroParameter>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (!tokens.Skip(")"))
        {
            if (parameters.Count > 0)
                tokens.Expect(",");
            var token = tokens.Current;
            var name = ReadVariable();
            if (!names.Add(name))
                throw SyntaxErrors.At(token.Line, $"found the parameter '{name}' twice; expected it once.");
            var value = tokens.Skip("=") ? expressions.Read() : null;
            if (value is null && parameters is [.., { Default: not null }])
                throw SyntaxErrors.At(token.Line, $"found the parameter '{name}' without a default after one with; expected a default, or another order.");
            parameters.Add(new MacroParameter(name, value));
        }

        return parameters;
    }

    private Target ReadTarget(bool hasAttributes = false)
    {
        var first = ReadSimpleTarget(hasAttributes);
        if (!tokens.Current.IsOperator(","))
            return first;
        var parts = new List<Target> { first };
        while (tokens.Skip(",") && tokens.Current.Kind != TokenKind.BlockEnd && !tokens.Current.IsName("in") && !tokens.Current.IsOperator("=") && !tokens.Current.IsOperator(")"))
            parts.Add(ReadSimpleTarget(hasAttributes));
        return new Target.Unpacking(parts);
    }

    private Target ReadSimpleTarget(bool hasAttributes)
    {
        if (tokens.Skip("("))
        {
            nesting.Enter(tokens.Current.Line);
            var inner = ReadTarget(hasAttributes);
            nesting.Leave();
            tokens.Expect(")");
            return inner;
        }

        var name = ReadVariable();
        return hasAttributes && tokens.Skip(".") ? new Target.Attribute(name, tokens.ExpectName("the name of an attribute")) : new Target.Variable(name);
    }

    private string ReadVariable()
    {
        var token = tokens.Expect(TokenKind.Name, "the name of a variable");
        return token.Text is "true" or "false" or "none" or "True" or "False" or "None" or "and" or "or" or "not" or "in" or "is" or "if" or "else"
            ? throw SyntaxErrors.Unexpected(token, "the name of a variable")
            : token.Text;
    }
}
