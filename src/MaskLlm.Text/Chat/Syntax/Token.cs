namespace MaskLlm.Chat.Syntax;

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a quoted text what it stands for.</param>
/// <param name="Line">The line it is on, from 1.</param>
/// <param name="Number">The value of a number.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, object? Number = null)
{
    /// <summary>True for this operator.</summary>
    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;

    /// <summary>True for this word.</summary>
    public bool IsName(string text) => Kind == TokenKind.Name && Text == text;

    /// <summary>What a message calls it.</summary>
    public string Description => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.Text => "text",
        TokenKind.BlockEnd => "the end of the statement, '%}'",
        TokenKind.PrintEnd => "the end of the expression, '}}'",
        TokenKind.String => $"the text '{(Text.Length > 40 ? Text[..40] + "..." : Text)}'",
        _ => $"'{Text}'",
    };
}
