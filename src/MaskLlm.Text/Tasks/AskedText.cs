using System.Runtime.ExceptionServices;

namespace MaskLlm.Tasks;

/// <summary>A text that a model is to score, and whose requests its endings are.</summary>
/// <param name="Text">Token ids.</param>
/// <param name="Owners">Document and request of each ending.</param>
internal sealed record AskedText(ScoredText Text, IReadOnlyList<(int Document, int Request)> Owners)
{
    /// <summary>Requests of one document together, the longest texts first.</summary>
    internal static List<AskedText> Of(TaskDocument[] documents, TaskEncoding encoding, int maxPositions)
    {
        List<AskedText>[] found = new List<AskedText>[documents.Length];
        try
        {
            Parallel.For(0, documents.Length, document => found[document] = [.. Of(documents[document], document, encoding, maxPositions)]);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        return [.. found.SelectMany(texts => texts).OrderByDescending(asked => asked.Text.Tokens)];
    }

    private static IEnumerable<AskedText> Of(TaskDocument document, int number, TaskEncoding encoding, int maxPositions) =>
        document.Requests.Select((request, index) => (Text: Fitted(encoding.Of(request), maxPositions), Request: index))
            .GroupBy(asked => asked.Text.Ids[0])
            .Select(alike => new AskedText(ScoredText.Of([.. alike.Select(asked => asked.Text)]),
                [.. alike.Select(asked => (number, asked.Request))]));

    // A model sees the last of its positions and predicts one token beyond them.
    private static (int[] Ids, int Scored) Fitted((int[] Context, int[] Continuation) ids, int maxPositions)
    {
        (int[] context, int[] continuation) = ids;
        if (continuation.Length > maxPositions)
            throw new InvalidDataException($"a choice of a task has {continuation.Length} tokens, and the model has {maxPositions} "
                + $"positions.");
        int[] whole = [.. context, .. continuation];
        return (whole[Math.Max(0, whole.Length - maxPositions - 1)..], continuation.Length);
    }
}
