namespace MaskLlm.Experiments;

/// <summary>The experiments by name, and what each measures.</summary>
internal static class ExperimentPlan
{
    private static readonly ulong[] OneSeed = [0], ThreeSeeds = [0, 1, 2];

    private static readonly OrderedDictionary<string, (Func<ArmFactory, IEnumerable<Arm>> Arms, ulong[] Seeds)> Plans =
        new(StringComparer.Ordinal)
        {
            ["compare"] = (ComparePlan.Compare, ThreeSeeds),
            ["prior"] = (SweepPlans.Prior, OneSeed),
            ["tau"] = (SweepPlans.Tau, OneSeed),
            ["kappa"] = (SweepPlans.Kappa, OneSeed),
            ["alpha"] = (SweepPlans.Alpha, OneSeed),
            ["reward"] = (SweepPlans.Reward, OneSeed),
            ["tokens"] = (SweepPlans.Tokens, OneSeed),
            ["domains"] = (DomainPlans.Domains, ThreeSeeds),
            ["transfer"] = (DomainPlans.Transfers, OneSeed),
        };

    internal static IReadOnlyList<string> Names => Plans.Keys;

    internal static bool IsOfDomains(string name) => name is "domains" or "transfer";

    private static bool Varies(string name) => name is not ("compare" or "domains");

    internal static IReadOnlyList<ulong> Seeds(ExperimentRequest request) => request.Seeds ?? Plans[request.Name].Seeds;

    /// <summary>The arms, in an order in which each finds the masks that it starts from; an arm that several others need is there
    /// once.</summary>
    /// <exception cref="ArgumentException">The request makes no sense.</exception>
    internal static IReadOnlyList<Arm> Of(ExperimentRequest request, IReadOnlyList<DomainTexts> domains, IReadOnlyList<string> texts)
    {
        OrderedDictionary<string, Arm> arms = new(StringComparer.Ordinal);
        foreach (Arm arm in Plans[request.Name].Arms(new ArmFactory(request, domains, texts, Seeds(request))))
        {
            if (!arms.TryAdd(arm.Slug, arm) && arms[arm.Slug].Title != arm.Title)
                throw new ArgumentException($"\"{arm.Title}\" and \"{arms[arm.Slug].Title}\" would share the folder {arm.Slug}; rename "
                    + $"one of them.");
        }
        foreach (Arm arm in arms.Values) arm.Learn?.Options.Validate();
        return [.. arms.Values];
    }

    /// <summary>Checks what can be checked without reading a file.</summary>
    /// <exception cref="ArgumentException">The request makes no sense.</exception>
    internal static void Require(ExperimentRequest request)
    {
        string name = request.Name;
        if (!Plans.ContainsKey(name)) throw new ArgumentException($"experiment {name} is not known; known: {string.Join(", ", Names)}.");
        if (IsOfDomains(name) && request.Domains is null)
            throw new ArgumentException($"{name} needs `Domains`, a folder with X.train.* and X.test.* of each domain X.");
        if (IsOfDomains(name) && request.EvalTexts.Count > 0)
            throw new ArgumentException($"{name} takes the test texts of `Domains`; leave `EvalTexts` out.");
        if (!IsOfDomains(name) && request.Domains is not null)
            throw new ArgumentException($"`Domains` belongs to the experiments domains and transfer; {name} takes `Data` and `EvalTexts`.");
        if (!IsOfDomains(name) && request.Data.Sources.Count == 0)
            throw new ArgumentException($"{name} needs `Data`, the text to learn and to calibrate on.");
        if (!IsOfDomains(name) && request.EvalTexts.Count == 0)
            throw new ArgumentException($"{name} needs `EvalTexts`, a text or more to take perplexities on.");
        if (!Varies(name) && request.Values is not null) throw new ArgumentException($"{name} varies no value; leave `Values` out.");
        if (request.Seeds is { Count: 0 }) throw new ArgumentException("`Seeds` names no seed.");
        if (request.Values is { Count: 0 }) throw new ArgumentException("`Values` names no value.");
        request.Options.Validate();
    }
}
