namespace MaskLlm.Chat.Syntax;

/// <summary>The tokens of a template, one after another.</summary>
internal sealed class TokenStream(IReadOnlyList<Token> tokens)
{
    private int _at;

    /// <summary>The token to read next; at the end of the template it stays.</summary>
    public Token Current => tokens[_at];

    /// <summary>The token after the current one.</summary>
    public Token Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    /// <summary>Reads a token.</summary>
    public Token Next()
    {
        Token token = tokens[_at];
        if (_at < tokens.Count - 1)
            _at++;
        return token;
    }

    /// <summary>Reads the operator if it comes next.</summary>
    public bool Skip(string text)
    {
        bool found = Current.IsOperator(text);
        if (found)
            Next();
        return found;
    }

    /// <summary>Reads the word if it comes next.</summary>
    public bool SkipName(string text)
    {
        bool found = Current.IsName(text);
        if (found)
            Next();
        return found;
    }

    /// <summary>Reads an operator that must come next.</summary>
    public void Expect(string text)
    {
        if (!Skip(text))
            throw SyntaxErrors.Unexpected(Current, $"'{text}'");
    }

    /// <summary>Reads a token of a kind that must come next.</summary>
    public Token Expect(TokenKind kind, string description) =>
        Current.Kind == kind ? Next() : throw SyntaxErrors.Unexpected(Current, description);

    /// <summary>Reads a name that must come next.</summary>
    public string ExpectName(string description) => Expect(TokenKind.Name, description).Text;

    /// <summary>Reads the end of the current statement.</summary>
    public void ExpectBlockEnd() => Expect(TokenKind.BlockEnd, "the end of the statement, '%}'");
}
