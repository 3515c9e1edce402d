namespace MaskLlm.Chat.Syntax;

/// <summary>What a macro is made of.</summary>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Statements">What it renders.</param>
/// <param name="Extras">Which of <see cref="Caller"/>, <see cref="Others"/> and <see cref="Keywords"/> it reads without declaring them:
/// those are what it takes.</param>
internal sealed record MacroBody(IReadOnlyList<MacroParameter> Parameters, Block Statements, IReadOnlySet<string> Extras)
{
    /// <summary>What a macro calls the body of the <c>call</c> block around its call.</summary>
    public const string Caller = "caller";

    /// <summary>What a macro calls the arguments behind its parameters.</summary>
    public const string Others = "varargs";

    /// <summary>What a macro calls the named arguments that no parameter has the name of.</summary>
    public const string Keywords = "kwargs";

    /// <summary>Whether a name is one of the three.</summary>
    public static bool IsExtra(string name) => name is Caller or Others or Keywords;
}
