using System.Text.Json.Nodes;

namespace MaskLlm.Tasks;

/// <summary>What a model says of a document.</summary>
/// <param name="Number">The document's, from 0.</param>
/// <param name="Document">What was asked.</param>
/// <param name="Likelihoods">Of each request.</param>
internal sealed record TaskAnswer(int Number, TaskDocument Document, IReadOnlyList<Likelihood> Likelihoods)
{
    /// <summary>Whether the likeliest choice, of equal ones the first, is the right one; without choices, whether the answer is the greedy
    /// one.</summary>
    internal bool IsRight => Document.Gold is not { } gold ? Likelihoods[0].IsGreedy
        : Largest(Likelihoods.Select(likelihood => likelihood.LogLikelihood)) == gold;

    /// <summary>The same by code point; null where the task has no lengths.</summary>
    internal bool? IsRightNormalized => Document.Lengths is not { } lengths ? null
        : Largest(Likelihoods.Zip(lengths, (likelihood, length) => likelihood.LogLikelihood / length)) == Document.Gold;

    /// <summary>As a line of a log.</summary>
    internal JsonObject ToJson(string? mask, string task)
    {
        JsonObject json = new()
        {
            ["mask"] = mask,
            ["task"] = task,
            ["doc"] = Number,
            ["gold"] = Document.Gold,
            ["requests"] = new JsonArray([.. Document.Requests.Zip(Likelihoods, (request, likelihood) => (JsonNode)new JsonObject
            {
                ["context"] = request.Context,
                ["continuation"] = request.Continuation,
                ["loglikelihood"] = likelihood.LogLikelihood,
                ["greedy"] = likelihood.IsGreedy,
            })]),
            ["right"] = IsRight,
        };
        if (IsRightNormalized is { } normalized) json["right_norm"] = normalized;
        return json;
    }

    private static int Largest(IEnumerable<double> values) => values.Index().MaxBy(pair => pair.Item).Index;
}
