using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Distributed;

namespace MaskLlm.Runs;

/// <summary>What all ranks of a job must have been given alike.</summary>
internal static class RankAgreement
{
    /// <summary>Refuses a job whose ranks differ. All ranks call it, and all refuse.</summary>
    /// <param name="ranks">All.</param>
    /// <param name="own">What this rank has, by name.</param>
    /// <param name="what">What the names are of: option or input.</param>
    /// <exception cref="ArgumentException">A rank has another value.</exception>
    internal static void Require(Ranks ranks, JsonObject own, string what)
    {
        if (ranks.Size == 1) return;
        string[] all = ranks.Texts(own.ToJsonString());
        for (int rank = 1; rank < all.Length; rank++)
        {
            if (all[rank] == all[0]) continue;
            JsonObject first = Parse(all[0]), other = Parse(all[rank]);
            string name = first.Concat(other).Select(pair => pair.Key).First(key => !JsonNode.DeepEquals(first[key], other[key]));
            throw new ArgumentException($"the {what} {name} is {Shown(first[name])} in rank 0 and {Shown(other[name])} in rank {rank}; "
                + "give all ranks the same.");
        }
    }

    private static JsonObject Parse(string text) =>
        Json.JsonValue.Parse("ranks", Encoding.UTF8.GetBytes(text)).ToNode()!.AsObject();

    private static string Shown(JsonNode? value) => value?.ToJsonString() ?? "unset";
}
