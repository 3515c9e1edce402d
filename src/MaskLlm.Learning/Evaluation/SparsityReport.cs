using System.Text.Json.Nodes;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Evaluation;

/// <summary>Pattern, density and violations of masks, and how far they agree with others.</summary>
/// <param name="Pattern">The pattern that all tensors have; null where they have none in common, and violations are then those of
/// 2:4.</param>
/// <param name="Density">The share of weights kept over all tensors, 0 to 1.</param>
/// <param name="Tensors">The tensors, in the order of the masks.</param>
/// <param name="Agreement">Over the tensors that both have; null where nothing was compared with.</param>
/// <param name="TensorsCompared">The tensors in <paramref name="Agreement"/>.</param>
public sealed record SparsityReport(
    NmPattern? Pattern, double Density, IReadOnlyList<TensorSparsity> Tensors, MaskAgreement? Agreement, int TensorsCompared)
{
    /// <summary>Examines masks.</summary>
    /// <param name="weights">What is kept, of at least one tensor.</param>
    /// <param name="against">What to compare with, tensor by tensor of the same name; null for nothing.</param>
    /// <exception cref="ArgumentException">There is no tensor, or none that both have.</exception>
    /// <exception cref="InvalidDataException">A tensor has another size in <paramref name="against"/>.</exception>
    public static SparsityReport Of(KeptWeights weights, KeptWeights? against = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.Masks.Count == 0) throw new ArgumentException("there is no mask to report on.");
        // One pass: the pattern that all have is known at its end, and then none violates it.
        List<(TensorSparsity Sparsity, int Columns, double Kept, double All)> found = [.. weights.Masks.Select(pair =>
            (Examine(pair.Key, pair.Value, weights.ShapesKnown), pair.Value.Columns, (double)pair.Value.KeptCount,
                (double)pair.Value.Rows * pair.Value.Columns))];
        NmPattern? shared = found.TrueForAll(one => one.Sparsity.Pattern == found[0].Sparsity.Pattern) ? found[0].Sparsity.Pattern : null;
        NmPattern judged = shared ?? NmPattern.TwoOfFour;
        TensorSparsity[] tensors = [.. found.Select(one => shared is null ? one.Sparsity : one.Sparsity with { Violations = 0 })];
        string[] compared = against is null ? []
            : Common(found.Where(one => one.Columns % judged.GroupSize == 0).Select(one => one.Sparsity.Name), weights, against);
        MaskAgreement? agreement = against is null ? null : Agree(weights, against, compared, judged);
        return new SparsityReport(shared, found.Sum(one => one.Kept) / found.Sum(one => one.All), tensors, agreement, compared.Length);
    }

    /// <summary>The report as one object: <c>pattern</c>, <c>density</c>, <c>tensors</c> and, where there is one,
    /// <c>agreement</c>.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = new()
        {
            ["pattern"] = Pattern?.ToString(),
            ["density"] = Density,
            ["tensors"] = new JsonArray([.. Tensors.Select(ToJson)]),
        };
        if (Agreement is { } agreement)
            json["agreement"] = new JsonObject
            {
                ["groups"] = agreement.Groups,
                ["equal_groups"] = agreement.EqualGroups,
                ["equal_bits"] = agreement.EqualBits
            };
        return json;
    }

    private static JsonObject ToJson(TensorSparsity tensor) => new()
    {
        ["name"] = tensor.Name,
        ["shape"] = tensor.Shape is var (rows, columns) ? new JsonArray(rows, columns) : null,
        ["pattern"] = tensor.Pattern?.ToString(),
        ["density"] = tensor.Density,
        ["violations"] = tensor.Violations,
    };

    private static TensorSparsity Examine(string name, Mask mask, bool shapeKnown)
    {
        NmPattern pattern = NmPattern.TwoOfFour;
        long violations = mask.Columns % pattern.GroupSize == 0 ? mask.ViolationCount(pattern)
            : mask.Rows * ((long)mask.Columns / pattern.GroupSize + 1);
        return new TensorSparsity(name, shapeKnown ? (mask.Rows, mask.Columns) : null, mask.DetectPattern(), mask.Density, violations);
    }

    private static string[] Common(IEnumerable<string> names, KeptWeights weights, KeptWeights against)
    {
        string[] common = [.. names.Where(against.Masks.ContainsKey)];
        return common.Length > 0 ? common : throw new ArgumentException(
            $"no tensor is in both: one has {weights.Masks.Keys.First()} and the other {against.Masks.Keys.First()}; compare masks of one "
                + $"model.");
    }

    private static MaskAgreement Agree(KeptWeights weights, KeptWeights against, string[] names, NmPattern pattern)
    {
        MaskAgreement sum = MaskAgreement.None;
        foreach (string name in names) sum = sum.Plus(Agree(weights, against, name, pattern));
        return sum;
    }

    private static MaskAgreement Agree(KeptWeights weights, KeptWeights against, string name, NmPattern pattern)
    {
        Mask a = weights.Masks[name], b = against.Masks[name];
        if (against.InShapeOf(a, name) is { } other) return MaskAgreement.Between(a, other, pattern.GroupSize);
        if (b.Columns % pattern.GroupSize == 0 && weights.InShapeOf(b, name) is { } own)
            return MaskAgreement.Between(own, b, pattern.GroupSize);
        throw new InvalidDataException(
            $"{name} is {a.Rows} x {a.Columns} in one and {b.Rows} x {b.Columns} in the other; compare masks of one model.");
    }
}
