namespace MaskLlm.Serving;

/// <summary>What was served since the start. Safe for many threads.</summary>
internal sealed class ServingCounts
{
    private readonly long[] _outcomes = new long[Enum.GetValues<RequestOutcome>().Length];
    private long _promptTokens, _newTokens;

    /// <summary>Prompt tokens that went through the model.</summary>
    internal long PromptTokens => Interlocked.Read(ref _promptTokens);

    /// <summary>New tokens.</summary>
    internal long NewTokens => Interlocked.Read(ref _newTokens);

    /// <summary>New tokens of the last seconds.</summary>
    internal TokenRate Rate { get; } = new();

    internal long Of(RequestOutcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);

    internal void Add(RequestOutcome outcome) => Interlocked.Increment(ref _outcomes[(int)outcome]);

    /// <summary>Counts the tokens of a step.</summary>
    internal void AddTokens(int prompt, int drawn)
    {
        Interlocked.Add(ref _promptTokens, prompt);
        Interlocked.Add(ref _newTokens, drawn);
        Rate.Add(drawn, Environment.TickCount64);
    }
}
