namespace MaskLlm.Chat.Syntax;

/// <summary>How deep the parser is in a template: a limit, because the stack is one.</summary>
internal sealed class Nesting
{
    /// <summary>Levels that a template may have; real ones stay below ten.</summary>
    public const int Limit = 100;

    private int _depth;

    /// <summary>Goes one level down.</summary>
    /// <exception cref="InvalidDataException">That is too deep.</exception>
    public void Enter(int line)
    {
        if (++_depth > Limit)
            throw SyntaxErrors.At(line, $"found brackets, operators or statements nested more than {Limit} levels deep; expected fewer. "
                + $"Such a template is refused.");
    }

    /// <summary>Goes one level up.</summary>
    public void Leave() => _depth--;
}
