using System.Runtime.ExceptionServices;

namespace MaskLlm.Tasks;

/// <summary>A text that a model is to score, and whose requests its continuations are.</summary>
/// <param name="Text">Token ids.</param>
/// <param name="Owners">Document and request of each continuation.</param>
internal sealed record AskedText(ScoredText Text, IReadOnlyList<(int Document, int Request)> Owners)
{
    /// <summary>Requests of one document and one context together, the longest texts first.</summary>
    internal static List<AskedText> Of(TaskDocument[] documents, TaskEncoding encoding, int maxPositions)
    {
        List<AskedText>[] found = new List<AskedText>[documents.Length];
        try
        {
            Parallel.For(0, documents.Length, document => found[document] = Of(documents[document], document, encoding, maxPositions));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        return [.. found.SelectMany(texts => texts).OrderByDescending(asked => asked.Text.Tokens)];
    }

    private static List<AskedText> Of(TaskDocument document, int number, TaskEncoding encoding, int maxPositions)
    {
        List<(int[] Context, int[] Continuation, int Request)> asked =
            [.. document.Requests.Select((request, index) => Fitted(encoding.Of(request), index, maxPositions))];
        return [.. asked.GroupBy(one => string.Join(' ', one.Context)).Select(same => new AskedText(
            new ScoredText(same.First().Context, [.. same.Select(one => one.Continuation)]),
            [.. same.Select(one => (number, one.Request))]))];
    }

    // A model sees the last of its positions and predicts one token beyond them.
    private static (int[], int[], int) Fitted((int[] Context, int[] Continuation) ids, int request, int maxPositions)
    {
        int left = maxPositions + 1 - ids.Continuation.Length;
        if (left < 1)
            throw new InvalidDataException($"a choice of a task has {ids.Continuation.Length} tokens, and the model has {maxPositions} "
                + $"positions.");
        return (ids.Context.Length <= left ? ids.Context : ids.Context[^left..], ids.Continuation, request);
    }
}
