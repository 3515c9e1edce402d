namespace MaskLlm.Serving;

/// <summary>How much is served at once.</summary>
internal sealed record ServingOptions
{
    /// <summary>Texts that run together.</summary>
    internal int Parallel { get; init; } = 16;

    /// <summary>Requests that wait beyond those that run.</summary>
    internal int Queue { get; init; } = 64;

    /// <summary>The longest prompt, in tokens; null for what the context leaves.</summary>
    internal int? MaxPrompt { get; init; }

    /// <summary>The most new tokens of a request.</summary>
    internal int MaxOutput { get; init; } = 1024;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    internal void Validate()
    {
        if (Parallel is < 1 or > 1024) throw new ArgumentException($"--parallel {Parallel}: 1 to 1024 are expected.");
        if (Queue is < 0 or > 1_000_000) throw new ArgumentException($"--queue {Queue}: 0 to 1000000 are expected.");
        if (MaxPrompt < 1) throw new ArgumentException($"--max-prompt {MaxPrompt}: at least 1 token is needed.");
        if (MaxOutput < 1) throw new ArgumentException($"--max-output {MaxOutput}: at least 1 token is needed.");
    }
}
