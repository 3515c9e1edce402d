namespace MaskLlm.Chat.Rendering;

/// <summary>The variables of a block; those of the blocks around it can be read.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);

    /// <summary>Sets a variable of this block.</summary>
    public void Set(string name, object? value) => _variables[name] = value;

    /// <summary>Finds a variable.</summary>
    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._variables.TryGetValue(name, out value))
                return true;
        }

        value = null;
        return false;
    }

    private Scope? Outer { get; } = outer;
}
