using MaskLlm.Learning;
using MaskLlm.Priors;

namespace MaskLlm.Experiments;

/// <summary>Experiments with a mask for each domain.</summary>
internal static class DomainPlans
{
    private const string General = "general mask", Scratch = "domain mask, from scratch", Transfer = "domain mask, from general";

    /// <summary>The paper's tables 4 and 5: one mask for all domains, one for each, and the domains' masks merged into one again.</summary>
    internal static IEnumerable<Arm> Domains(ArmFactory arms) =>
    [
        arms.Dense(),
        arms.OneShot(PruneRun.MagnitudeMethod),
        .. from method in new[] { PruneRun.WandaMethod, PruneRun.SparseGptMethod } from domain in arms.Domains select arms.OneShot(method,
            domain),
        .. Learned(arms, [arms.Options.Steps], _ => Scratch, _ => Transfer),
        .. from seed in arms.Seeds
           from kind in new[] { Scratch, Transfer }
           where arms.Domains.Count > 1
           select arms.Merged($"merged, {kind}", seed, arms.Domains.Select(domain => arms.Learned(kind, arms.Options, seed, null, domain))),
    ];

    /// <summary>What a general mask saves a domain's: perplexity against steps, from the one-shot prior and from the general
    /// mask.</summary>
    internal static IEnumerable<Arm> Transfers(ArmFactory arms)
    {
        int steps = arms.Options.Steps;
        return
        [
            arms.Dense(),
            .. Learned(
                arms, [.. SweepPlans.Lengths(arms, [steps / 8, steps / 4, steps / 2, steps])],
                length => $"from scratch, {length} steps", length => $"from general, {length} steps"),
        ];
    }

    private static List<Arm> Learned(ArmFactory arms, IReadOnlyList<int> lengths, Func<int, string> scratch, Func<int, string> transfer)
    {
        List<Arm> learned = [];
        Arm? generalPrior = arms.Prior(label: "prior of the general mask");
        if (generalPrior is not null) learned.Add(generalPrior);
        Dictionary<ulong, Arm> general = arms.Seeds.ToDictionary(seed => seed, seed =>
            arms.Learned(General, arms.Options, seed, generalPrior));
        learned.AddRange(general.Values);
        foreach (DomainTexts domain in arms.Domains)
        {
            Arm? prior = arms.Prior(domain: domain);
            if (prior is not null) learned.Add(prior);
            foreach ((int length, ulong seed) in from length in lengths from seed in arms.Seeds select (length, seed))
            {
                LearnOptions options = arms.Options with { Steps = length };
                learned.Add(SweepPlans.OfLength(arms.Learned(scratch(length), options, seed, prior, domain), "from scratch", length,
                    options));
                // The general mask is no rough guess: learning starts on it, not near it.
                learned.Add(SweepPlans.OfLength(arms.Learned(transfer(length), options with { ExactPrior = true }, seed, general[seed],
                    domain), "from general", length, options));
            }
        }
        return learned;
    }
}
