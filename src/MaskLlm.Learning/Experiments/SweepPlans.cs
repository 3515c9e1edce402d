using MaskLlm.Learning;
using MaskLlm.Numerals;
using MaskLlm.Priors;

namespace MaskLlm.Experiments;

/// <summary>Experiments that vary one thing, everything else equal.</summary>
internal static class SweepPlans
{
    /// <summary>Where learning starts from: the prior's own perplexity, and what is learned from it (the paper's table 2).</summary>
    internal static IEnumerable<Arm> Prior(ArmFactory arms)
    {
        (string Name, Arm? Arm)[] priors =
        [
            .. (arms.Values ?? [LearnRequest.NoPrior, PruneRun.MagnitudeMethod, PruneRun.WandaMethod, PruneRun.SparseGptMethod])
                .Select(prior => (prior, arms.Prior(prior))),
        ];
        return
        [
            arms.Dense(),
            .. priors.Select(prior => prior.Arm).OfType<Arm>(),
            .. from prior in priors from seed in arms.Seeds select arms.Learned($"learned from {prior.Arm?.Label ?? prior.Name}",
                arms.Options, seed, prior.Arm),
        ];
    }

    /// <summary>The paper's table 8.</summary>
    internal static IEnumerable<Arm> Tau(ArmFactory arms) =>
        Sweep(arms, "tau", ["1:0.05", "2:0.05", "4:0.05", "10:0.05"], (options, value) =>
            options with { Tau = ScheduleRange.Parse(value) });

    /// <summary>The paper's table 9.</summary>
    internal static IEnumerable<Arm> Kappa(ArmFactory arms) =>
        Sweep(arms, "kappa", ["1:5", "100:500", "1000:5000", "100000:500000"], (options, value) =>
            options with { Kappa = ScheduleRange.Parse(value) });

    /// <summary>The prior's strength, the paper's table 10.</summary>
    internal static IEnumerable<Arm> Alpha(ArmFactory arms) =>
        Sweep(arms, "alpha", ["0", "1", "2", "3", "5"], (options, value) => options with { PriorStrength = Number(value) });

    /// <summary>The weight reward: the paper's 0, 1e-5 and 1e-4 (table 14), and one more on either side, for its size depends on the
    /// model's.</summary>
    internal static IEnumerable<Arm> Reward(ArmFactory arms) =>
        Sweep(arms, "reward", ["0", "1e-6", "1e-5", "1e-4", "1e-3"], (options, value) => options with { WeightReward = Number(value) });

    /// <summary>Perplexity against tokens seen, the paper's figure 4: a run for each length, as the schedules stretch with it.</summary>
    internal static IEnumerable<Arm> Tokens(ArmFactory arms)
    {
        Arm? prior = arms.Prior();
        int steps = arms.Options.Steps;
        return
        [
            arms.Dense(),
            arms.OneShot(PruneRun.WandaMethod),
            arms.OneShot(PruneRun.SparseGptMethod),
            .. prior is null ? Array.Empty<Arm>() : [prior],
            .. from length in Lengths(arms, [steps / 4, steps / 2, steps, 2 * steps, 4 * steps])
               from seed in arms.Seeds
               select OfLength(arms.Learned($"learned, {length} steps", arms.Options with { Steps = length }, seed, prior), "learned",
                   length, arms.Options),
        ];
    }

    /// <summary>Steps of the runs that a curve is made of.</summary>
    internal static IEnumerable<int> Lengths(ArmFactory arms, IEnumerable<int> own) =>
        arms.Values?.Select(Whole) ?? own.Where(length => length > 0).Distinct();

    /// <summary>The point of a curve that a run of a length gives, by tokens seen.</summary>
    internal static Arm OfLength(Arm arm, string series, int steps, LearnOptions options) =>
        arm with { Series = series, X = (double)steps * options.BatchSize * options.SequenceLength };

    private static IEnumerable<Arm> Sweep(ArmFactory arms, string what, string[] own, Func<LearnOptions, string, LearnOptions> set)
    {
        Arm? prior = arms.Prior();
        return
        [
            arms.Dense(),
            .. prior is null ? Array.Empty<Arm>() : [prior],
            .. from value in arms.Values
                ?? own from seed in arms.Seeds select arms.Learned($"{what} {value}", set(arms.Options, value), seed, prior),
        ];
    }

    private static double Number(string value) => NumberText.TryRead(value, out double number)
        ? number : throw new ArgumentException($"`Values` {value}: a number is expected.");

    private static int Whole(string value) => NumberText.TryDigits(value, out int steps)
        ? steps : throw new ArgumentException($"`Values` {value}: a number of steps is expected.");
}
