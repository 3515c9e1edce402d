namespace MaskLlm.Chat.Values;

/// <summary>The arguments of one call.</summary>
/// <param name="Positional">Those without a name.</param>
/// <param name="Named">Those with one, in their order.</param>
internal sealed record CallArguments(IReadOnlyList<object?> Positional, IReadOnlyList<(string Name, object? Value)> Named)
{
    /// <summary>No arguments.</summary>
    public static CallArguments None { get; } = new([], []);

    /// <summary>Stands for an argument that is not given.</summary>
    public static object Absent { get; } = new();

    /// <summary>Puts each argument at its parameter's place; the places of those that are not given hold <see cref="Absent"/>.</summary>
    /// <exception cref="TemplateFault">There are too many, one has an unknown name, or one comes twice.</exception>
    public object?[] Bind(string callee, IReadOnlyList<string> parameters)
    {
        if (Positional.Count > parameters.Count)
            throw new TemplateFault($"{callee} takes at most {parameters.Count} arguments; {Positional.Count} are given.");
        object?[] bound = new object?[parameters.Count];
        Array.Fill(bound, Absent);
        for (int index = 0; index < Positional.Count; index++)
            bound[index] = Positional[index];
        foreach ((string name, object? value) in Named)
            bound[Place(callee, parameters, bound, name)] = value;
        return bound;
    }

    private static int Place(string callee, IReadOnlyList<string> parameters, object?[] bound, string name)
    {
        for (int index = 0; index < parameters.Count; index++)
        {
            if (parameters[index] == name)
                return ReferenceEquals(bound[index], Absent) ? index
                    : throw new TemplateFault($"{callee} is given its argument '{name}' twice.");
        }

        throw new TemplateFault($"{callee} has no argument '{name}'.");
    }
}
