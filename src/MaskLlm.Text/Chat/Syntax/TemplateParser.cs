namespace MaskLlm.Chat.Syntax;

/// <summary>Reads a template: its text, what it prints, and its statements.</summary>
internal sealed class TemplateParser
{
    private const int LongestSource = 1 << 22;

    private static readonly string[] Known =
        ["debug", "do", "pluralize", "trans"];

    private readonly TokenStream _tokens;
    private readonly Nesting _nesting = new();
    private readonly NameUses _uses = new();
    private readonly ExpressionParser _expressions;
    private readonly StatementParser _statements;

    private TemplateParser(string source)
    {
        _tokens = new TokenStream(TemplateLexer.Read(source));
        _expressions = new ExpressionParser(_tokens, _nesting, _uses);
        _statements = new StatementParser(_tokens, _expressions, this, _nesting, _uses);
    }

    /// <summary>Reads a whole template.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="NotSupportedException">It uses a statement that is not supported.</exception>
    public static Block Read(string source, out NameUses uses)
    {
        if (source.Length > LongestSource)
            throw new InvalidDataException(
                $"chat template: it has {source.Length} characters; expected at most {LongestSource}. Such a template is refused.");
        TemplateParser parser = new(source);
        uses = parser._uses;
        return parser.ReadBlock(opening: null);
    }

    /// <summary>Reads the end of a statement, and what follows up to one of some words, which are left to be read.</summary>
    /// <param name="opening">The statement that the block belongs to.</param>
    /// <param name="ends">Words that end the block.</param>
    public Block ReadBody(in Token opening, params string[] ends)
    {
        _tokens.Skip(":");
        _tokens.ExpectBlockEnd();
        _nesting.Enter(opening.Line);
        Block block = ReadBlock(opening, ends);
        _nesting.Leave();
        return block;
    }

    private Block ReadBlock(Token? opening, params string[] ends)
    {
        List<Statement> statements = [];
        while (true)
        {
            Token token = _tokens.Next();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    statements.Add(new Statement.Text(token.Line, token.Text));
                    break;
                case TokenKind.PrintBegin:
                    statements.Add(ReadPrint(token.Line));
                    break;
                case TokenKind.End when opening is { } open:
                    throw SyntaxErrors.At(token.Line,
                        $"found the end of the template; expected {Tags(ends)}, as '{open.Text}' of line {open.Line} is open.");
                case TokenKind.End:
                    return new Block(statements);
                default:
                    if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
                        return new Block(statements);
                    statements.Add(ReadStatement(opening, ends));
                    break;
            }
        }
    }

    private Statement.Print ReadPrint(int line)
    {
        Expression value = _expressions.ReadTuple();
        _tokens.Expect(TokenKind.PrintEnd, "the end of the expression, '}}'");
        return new Statement.Print(line, value);
    }

    private Statement ReadStatement(Token? opening, string[] ends)
    {
        Token word = _tokens.Expect(TokenKind.Name, "the name of a statement");
        if (_statements.Read(word) is { } statement)
        {
            _tokens.ExpectBlockEnd();
            return statement;
        }

        if (Known.Contains(word.Text))
            throw SyntaxErrors.Unsupported(word.Line, $"the statement '{word.Text}'");
        throw SyntaxErrors.Unexpected(word, opening is { } open
            ? $"a statement, or {Tags(ends)} for '{open.Text}' of line {open.Line}"
            : "a statement such as if, for, set or macro");
    }

    private static string Tags(string[] ends) => string.Join(" or ", ends.Select(end => $"'{end}'"));
}
