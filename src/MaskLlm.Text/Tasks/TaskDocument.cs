namespace MaskLlm.Tasks;

/// <summary>A question of a task.</summary>
/// <param name="Requests">One for each choice; of a task without choices the one right answer.</param>
/// <param name="Gold">The right choice; null without choices, where right is what a greedy model would say.</param>
internal sealed record TaskDocument(IReadOnlyList<TaskRequest> Requests, int? Gold)
{
    /// <summary>Code points of each choice, by which a normalised accuracy divides; null where the task has none.</summary>
    internal IReadOnlyList<int>? Lengths { get; init; }

    /// <summary>Choices of one context, a space before each.</summary>
    internal static TaskDocument OfChoices(string context, IEnumerable<string> choices, int gold, bool isNormalized = true)
    {
        string[] texts = [.. choices];
        return new([.. texts.Select(choice => new TaskRequest(context, " " + choice))], gold)
        {
            Lengths = isNormalized ? [.. texts.Select(CodePoints)] : null,
        };
    }

    /// <summary>Characters as Python counts them.</summary>
    internal static int CodePoints(string text) => text.EnumerateRunes().Count();
}
