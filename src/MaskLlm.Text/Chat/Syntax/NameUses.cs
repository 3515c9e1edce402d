namespace MaskLlm.Chat.Syntax;

/// <summary>The filters, tests and statements that a template names, so that unknown ones are found before anything is rendered.</summary>
internal sealed class NameUses
{
    private readonly List<Use> _all = [];
    private HashSet<string> _extras = new(StringComparer.Ordinal);
    private (string Name, int Line)? _foreign;
    private int _branches;

    /// <summary>How many there are so far.</summary>
    public int Count => _all.Count;

    /// <summary>Notes one.</summary>
    public void Add(bool isTest, string name, int line) => _all.Add(new Use(isTest, name, line, _branches > 0));

    /// <summary>Notes a statement that asks for another template: as in Jinja, it fails where a rendering comes to it.</summary>
    public void AddForeign(string name, int line) => _foreign ??= (name, line);

    /// <summary>Notes a name that may stand for what a macro is given beside its parameters.</summary>
    public void AddVariable(string name)
    {
        if (MacroBody.IsExtra(name))
            _extras.Add(name);
    }

    /// <summary>Begins a macro; what is given back is for <see cref="LeaveMacro"/>.</summary>
    public HashSet<string> EnterMacro()
    {
        HashSet<string> outer = _extras;
        _extras = new HashSet<string>(StringComparer.Ordinal);
        return outer;
    }

    /// <summary>Ends it: which of the three names it reads.</summary>
    public HashSet<string> LeaveMacro(HashSet<string> outer)
    {
        HashSet<string> own = _extras;
        outer.UnionWith(own);
        _extras = outer;
        return own;
    }

    /// <summary>Begins what only some renderings come to.</summary>
    public void EnterBranch() => _branches++;

    /// <summary>Ends it.</summary>
    public void LeaveBranch() => _branches--;

    /// <summary>Takes what was noted from a place on for what only some renderings come to.</summary>
    public void MakeBranch(int from)
    {
        for (int index = from; index < _all.Count; index++)
            _all[index] = _all[index] with { IsInBranch = true };
    }

    /// <summary>The sentence on an unknown name in a branch or on a statement that cannot be rendered, or null.</summary>
    /// <exception cref="NotSupportedException">There is an unknown name outside of branches, which no rendering goes past.</exception>
    public string? Check(Func<string, bool> isFilter, Func<string, bool> isTest)
    {
        List<Use> unknown = [.. _all.Where(use => !(use.IsTest ? isTest : isFilter)(use.Name))];
        if (unknown.Find(use => !use.IsInBranch) is { } always)
            throw SyntaxErrors.UnknownName(always.IsTest, always.Name, always.Line);
        if (unknown is [var first, ..])
            return SyntaxErrors.UnknownName(first.IsTest, first.Name, first.Line).Message;
        return _foreign is { } foreign ? SyntaxErrors.Foreign(foreign.Name, foreign.Line).Message : null;
    }

    private sealed record Use(bool IsTest, string Name, int Line, bool IsInBranch);
}
