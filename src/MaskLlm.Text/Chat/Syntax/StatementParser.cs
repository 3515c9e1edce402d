namespace MaskLlm.Chat.Syntax;

/// <summary>Reads the statements, each after its word and up to the end of its last tag.</summary>
internal sealed class StatementParser(TokenStream tokens, ExpressionParser expressions, TemplateParser template, Nesting nesting,
    NameUses uses)
{
    private readonly PostfixParser _postfix = new(tokens, uses);
    private readonly HashSet<string> _blocks = new(StringComparer.Ordinal);
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
        "block" => ReadNamed(word),
        "autoescape" => new Statement.AutoEscape(word.Line, expressions.Read(), ReadLast(word, "endautoescape")),
        "include" or "import" or "from" or "extends" => ReadForeign(word),
        "print" => new Statement.Print(word.Line, expressions.ReadTuple()),
        "break" => InLoop(word, new Statement.Break(word.Line)),
        "continue" => InLoop(word, new Statement.Continue(word.Line)),
        _ => null,
    };

    private Statement InLoop(in Token word, Statement statement) =>
        _isInLoop ? statement : throw SyntaxErrors.At(word.Line, $"found '{word.Text}' outside of a loop; expected it between 'for' and "
            + $"'endfor'.");

    private Statement.If ReadIf(in Token word)
    {
        uses.EnterBranch();
        List<(Expression, Block)> branches = [];
        string end;
        do
        {
            Expression test = expressions.ReadTupleWithoutIf();
            branches.Add((test, template.ReadBody(word, "elif", "else", "endif")));
            end = tokens.Next().Text;
        }
        while (end == "elif");
        Block? otherwise = end == "else" ? ReadLast(word, "endif") : null;
        uses.LeaveBranch();
        return new Statement.If(word.Line, branches, otherwise);
    }

    private Statement.For ReadFor(in Token word)
    {
        Target target = ReadTarget();
        if (!tokens.SkipName("in"))
            throw SyntaxErrors.Unexpected(tokens.Current, "'in'");
        Expression items = expressions.ReadTupleWithoutIf();
        Expression? test = tokens.SkipName("if") ? expressions.Read() : null;
        bool isRecursive = tokens.SkipName("recursive");
        bool wasInLoop = _isInLoop;
        _isInLoop = true;
        Block body = template.ReadBody(word, "else", "endfor");
        _isInLoop = wasInLoop;
        Block? otherwise = tokens.Next().Text == "else" ? ReadLast(word, "endfor") : null;
        return new Statement.For(word.Line, target, items, test, body, otherwise, isRecursive);
    }

    private Statement ReadSet(in Token word)
    {
        Target target = ReadTarget(hasAttributes: true);
        if (tokens.Skip("="))
            return new Statement.Set(word.Line, target, expressions.ReadTuple());
        List<FilterCall> filters = ReadFilters();
        return new Statement.SetBlock(word.Line, target, filters, ReadLast(word, "endset"));
    }

    private Statement.Macro ReadMacro(in Token word)
    {
        string name = ReadVariable();
        tokens.Expect("(");
        List<MacroParameter> parameters = ReadParameters();
        return new Statement.Macro(word.Line, name, ReadMacroBody(word, parameters, "endmacro"));
    }

    private Statement.CallBlock ReadCallBlock(in Token word)
    {
        List<MacroParameter> parameters = tokens.Skip("(") ? ReadParameters() : [];
        Token token = tokens.Current;
        if (expressions.Read() is not Expression.Call call)
            throw SyntaxErrors.Unexpected(token, "the call of a macro");
        return new Statement.CallBlock(word.Line, call, ReadMacroBody(word, parameters, "endcall"));
    }

    private Statement.FilterBlock ReadFilterBlock(in Token word)
    {
        List<FilterCall> filters = [_postfix.ReadFilter(expressions), .. ReadFilters()];
        return new Statement.FilterBlock(word.Line, filters, ReadLast(word, "endfilter"));
    }

    private Statement.With ReadWith(in Token word)
    {
        List<(Target, Expression)> variables = [];
        while (tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                tokens.Expect(",");
            Target target = ReadTarget();
            tokens.Expect("=");
            variables.Add((target, expressions.Read()));
        }

        return new Statement.With(word.Line, variables, ReadLast(word, "endwith"));
    }

    // transformers marks with it what an assistant wrote; for the text it is a block like others.
    private Statement.With ReadGeneration(in Token word) => new(word.Line, [], ReadLast(word, "endgeneration"));

    private Block ReadLast(in Token word, string end)
    {
        Block body = template.ReadBody(word, end);
        tokens.Next();
        return body;
    }

    private MacroBody ReadMacroBody(in Token word, List<MacroParameter> parameters, string end)
    {
        if (parameters.Find(parameter => parameter is { Name: MacroBody.Caller, Default: null }) is not null)
            throw SyntaxErrors.At(word.Line, "found the parameter 'caller' without a default; expected one with, or none of this name.");
        HashSet<string> outer = uses.EnterMacro();
        Block body = ReadApart(word, end);
        HashSet<string> extras = uses.LeaveMacro(outer);
        extras.ExceptWith(parameters.Select(parameter => parameter.Name));
        return new MacroBody(parameters, body, extras);
    }

    // The loop around it is not its own.
    private Block ReadApart(in Token word, string end)
    {
        bool wasInLoop = _isInLoop;
        _isInLoop = false;
        Block body = ReadLast(word, end);
        _isInLoop = wasInLoop;
        return body;
    }

    private Statement.Named ReadNamed(in Token word)
    {
        string name = tokens.ExpectName("the name of a block");
        if (!_blocks.Add(name))
            throw SyntaxErrors.At(word.Line, $"found the block '{name}' twice; expected each name once.");
        bool isScoped = tokens.SkipName("scoped");
        bool isRequired = tokens.SkipName("required");
        Block body = ReadApart(word, "endblock");
        if (isRequired && body.Statements.Any(statement => statement is not Statement.Text text
            || !string.IsNullOrWhiteSpace(text.Content)))
            throw SyntaxErrors.At(word.Line, $"found something in the required block '{name}'; expected white space and comments only.");
        tokens.SkipName(name);
        return new Statement.Named(word.Line, name, body, isScoped, isRequired);
    }

    private Statement.Foreign ReadForeign(in Token word)
    {
        uses.AddForeign(word.Text, word.Line);
        expressions.Read();
        if (word.Text == "import")
        {
            ExpectWord("as");
            ReadVariable();
        }
        else if (word.Text == "from")
        {
            ExpectWord("import");
            ReadImportedNames();
        }
        else if (word.Text == "include" && tokens.Current.IsName("ignore") && tokens.Following.IsName("missing"))
        {
            tokens.Next();
            tokens.Next();
        }

        if (word.Text != "extends")
            SkipContext();
        return new Statement.Foreign(word.Line, word.Text);
    }

    private void ExpectWord(string word)
    {
        if (!tokens.SkipName(word))
            throw SyntaxErrors.Unexpected(tokens.Current, $"'{word}'");
    }

    private void ReadImportedNames()
    {
        do
        {
            if (SkipContext() || tokens.Current.Kind == TokenKind.BlockEnd)
                return;
            ReadVariable();
            if (tokens.SkipName("as"))
                ReadVariable();
        }
        while (tokens.Skip(","));
    }

    private bool SkipContext()
    {
        if (!(tokens.Current.IsName("with") || tokens.Current.IsName("without")) || !tokens.Following.IsName("context"))
            return false;
        tokens.Next();
        tokens.Next();
        return true;
    }

    private List<FilterCall> ReadFilters()
    {
        List<FilterCall> filters = [];
        while (tokens.Skip("|"))
            filters.Add(_postfix.ReadFilter(expressions));
        return filters;
    }

    private List<MacroParameter> ReadParameters()
    {
        List<MacroParameter> parameters = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        while (!tokens.Skip(")"))
        {
            if (parameters.Count > 0)
                tokens.Expect(",");
            Token token = tokens.Current;
            string name = ReadVariable();
            if (!names.Add(name))
                throw SyntaxErrors.At(token.Line, $"found the parameter '{name}' twice; expected it once.");
            Expression? value = tokens.Skip("=") ? expressions.Read() : null;
            if (value is null && parameters is [.., { Default: not null }])
                throw SyntaxErrors.At(token.Line,
                    $"found the parameter '{name}' without a default after one with; expected a default, or another order.");
            parameters.Add(new MacroParameter(name, value));
        }

        return parameters;
    }

    private Target ReadTarget(bool hasAttributes = false)
    {
        Target first = ReadSimpleTarget(hasAttributes);
        if (!tokens.Current.IsOperator(","))
            return first;
        List<Target> parts = [first];
        while (tokens.Skip(",") && tokens.Current.Kind != TokenKind.BlockEnd && !tokens.Current.IsName("in")
            && !tokens.Current.IsOperator("=") && !tokens.Current.IsOperator(")"))
            parts.Add(ReadSimpleTarget(hasAttributes));
        return new Target.Unpacking(parts);
    }

    private Target ReadSimpleTarget(bool hasAttributes)
    {
        if (tokens.Skip("("))
        {
            nesting.Enter(tokens.Current.Line);
            Target inner = ReadTarget(hasAttributes);
            nesting.Leave();
            tokens.Expect(")");
            return inner;
        }

        string name = ReadVariable();
        return hasAttributes && tokens.Skip(".") ? new Target.Attribute(name, tokens.ExpectName("the name of an attribute"))
            : new Target.Variable(name);
    }

    private string ReadVariable()
    {
        Token token = tokens.Expect(TokenKind.Name, "the name of a variable");
        return token.Text is "true" or "false" or "none" or "True" or "False" or "None" or "and" or "or" or "not" or "in" or "is" or "if"
            or "else"
            ? throw SyntaxErrors.Unexpected(token, "the name of a variable")
            : token.Text;
    }
}
