using MaskLlm.Learning;
using MaskLlm.Priors;

namespace MaskLlm.Experiments;

/// <summary>The main table: every method beside the dense model.</summary>
/// <remarks>MaskLLM, table 1.</remarks>
internal static class ComparePlan
{
    internal const string PaperLabel = "learned, recipe maskllm", Label = "learned";

    internal static IEnumerable<Arm> Compare(ArmFactory arms)
    {
        Arm? prior = arms.Prior();
        LearnOptions paper = Paper(arms.Options);
        return
        [
            arms.Dense(),
            .. PruneRun.Methods.Select(method => arms.OneShot(method)),
            arms.UpdatedSparseGpt(),
            .. prior is null ? Array.Empty<Arm>() : [prior],
            .. arms.Seeds.Select(seed => arms.Learned(PaperLabel, paper, seed, prior)),
            // Where the options are the paper's, it would be the same mask again.
            .. paper == arms.Options ? [] : arms.Seeds.Select(seed => arms.Learned(Label, arms.Options, seed, prior)),
        ];
    }

    /// <summary>The paper's recipe (what options are without being set) at the sizes and on the machinery of others.</summary>
    internal static LearnOptions Paper(LearnOptions options) => new()
    {
        Pattern = options.Pattern,
        Steps = options.Steps,
        BatchSize = options.BatchSize,
        MicroBatchSize = options.MicroBatchSize,
        SequenceLength = options.SequenceLength,
        Skip = options.Skip,
        Seed = options.Seed,
        Kernel = options.Kernel,
        Moments = options.Moments,
        Precision = options.Precision,
        CheckpointActivations = options.CheckpointActivations,
    };
}
