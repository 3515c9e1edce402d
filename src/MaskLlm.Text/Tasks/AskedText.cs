using System.Runtime.ExceptionServices;

namespace MaskLlm.Tasks;

/// <summary>A text that a model is to score, and whose requests its endings are.</summary>
/// <param name="Text">Token ids.</param>
/// <param name="Owners">Document and request of each ending.</param>
internal sealed record AskedText(ScoredText Text, IReadOnlyList<(int Document, int Request)> Owners)
{
    /// <summary>Requests of one document together, the longest texts first.</summary>
    /// <exception cref="InvalidDataException">A request has no token of its own, or more than the model has positions.</exception>
    internal static List<AskedText> Of(string task, TaskDocument[] documents, TaskEncoding encoding, int maxPositions)
    {
        List<AskedText>[] found = new List<AskedText>[documents.Length];
        try
        {
            Parallel.For(0, documents.Length, document =>
                found[document] = Of(task, documents[document], document, encoding, maxPositions));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions.OrderBy(each => each.Message, StringComparer.Ordinal).First());
        }
        return [.. found.SelectMany(texts => texts).OrderByDescending(asked => asked.Text.Tokens)];
    }

    private static List<AskedText> Of(string task, TaskDocument document, int number, TaskEncoding encoding, int maxPositions)
    {
        try
        {
            return
            [
                .. document.Requests.Select((request, index) => (Text: Fitted(encoding.Of(request), maxPositions), Request: index))
                    .GroupBy(asked => asked.Text.Ids[0])
                    .Select(alike => new AskedText(ScoredText.Of([.. alike.Select(asked => asked.Text)]),
                        [.. alike.Select(asked => (number, asked.Request))])),
            ];
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{task}, document {number}: {e.Message}", e);
        }
    }

    // A model sees the last of its positions and predicts one token beyond them.
    private static (int[] Ids, int Scored) Fitted((int[] Context, int[] Continuation) ids, int maxPositions)
    {
        (int[] context, int[] continuation) = ids;
        if (continuation.Length > maxPositions)
            throw new InvalidDataException($"a choice has {continuation.Length} tokens, and the model has {maxPositions} positions; leave "
                + $"the document out, with `Limit` or in its file.");
        int[] whole = [.. context, .. continuation];
        return (whole[Math.Max(0, whole.Length - maxPositions - 1)..], continuation.Length);
    }
}
