using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>What a merge gave.</summary>
/// <param name="Out">The mask file written.</param>
/// <param name="Pattern">N:M of all inputs and of the result.</param>
/// <param name="Tensors">Weight matrices merged.</param>
/// <param name="Groups">Groups over all of them.</param>
/// <param name="UnanimousGroups">The groups in which all inputs keep the same weights; of logits the most probable ones count.</param>
/// <param name="Inputs">Each input with its agreement with the result, in the order given.</param>
public sealed record MergeReport(
    string Out, NmPattern Pattern, int Tensors, long Groups, long UnanimousGroups,
        IReadOnlyList<(string Path, MaskAgreement WithResult)> Inputs)
{
    /// <summary>The report as one object; the names are stable.</summary>
    public JsonObject ToJson() => new()
    {
        ["out"] = Out,
        ["pattern"] = Pattern.ToString(),
        ["tensors"] = Tensors,
        ["groups"] = Groups,
        ["unanimous_groups"] = UnanimousGroups,
        ["inputs"] = new JsonArray([.. Inputs.Select(input => new JsonObject
        {
            ["path"] = input.Path,
            ["equal_groups"] = input.WithResult.EqualGroups,
            ["equal_bits"] = input.WithResult.EqualBits,
        })]),
    };
}
