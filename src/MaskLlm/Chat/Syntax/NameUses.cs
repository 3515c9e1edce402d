namespace MaskLlm.Chat.Syntax;

/// <summary>The filters and tests that a template names, so that unknown ones are found before anything is rendered.</summary>
internal sealed class NameUses
{
    private readonly List<Use> _all = [];
    private int _branches;

    /// <summary>How many there are so far.</summary>
    public int Count => _all.Count;

    /// <summary>Notes one.</summary>
    public void Add(bool isTest, string name, int line) => _all.Add(new Use(isTest, name, line, _branches > 0));

    /// <summary>Begins what only some renderings come to.</summary>
    public void EnterBranch() => _branches++;

    /// <summary>Ends it.</summary>
    public void LeaveBranch() => _branches--;

    /// <summary>Takes what was noted from a place on for what only some renderings come to.</summary>
    public void MakeBranch(int from)
    {
        for (var index = from; index < _all.Count; index++)
            _all[index] = _all[index] with { IsInBranch = true };
    }

    /// <summary>The sentence on an unknown name in a branch, or null.</summary>
    /// <exception cref="NotSupportedException">There is an unknown name outside of branches, which no rendering goes past.</exception>
    public string? Check(Func<string, bool> isFilter, Func<string, bool> isTest)
    {
        List<Use> unknown = [.. _all.Where(use => !(use.IsTest ? isTest : isFilter)(use.Name))];
        if (unknown.Find(use => !use.IsInBranch) is { } always)
            throw SyntaxErrors.UnknownName(always.IsTest, always.Name, always.Line);
        return unknown is [var first, ..] ? SyntaxErrors.UnknownName(first.IsTest, first.Name, first.Line).Message : null;
    }

    private sealed record Use(bool IsTest, string Name, int Line, bool IsInBranch);
}
