using MaskLlm.MaskKernels;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Settings;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Everything that decides how masks are learned; a new record holds the paper's ratios at a size for one machine.</summary>
public sealed record LearnOptions
{
    // Of the steps; then what a mask drops is gone and the rest is trained under it.
    private const double MovingShare = 0.7;

    /// <summary>The recipe that the other numbers came from; records name it.</summary>
    public Recipe Recipe { get; init; } = Recipe.MaskLlm;

    /// <summary>N kept of every M inputs.</summary>
    public NmPattern Pattern { get; init; } = NmPattern.TwoOfFour;

    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; } = 300;

    /// <summary>Sequences a step.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Sequences that go through the model together; divides <see cref="BatchSize"/>. Null: all of them.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>Predicted tokens a sequence.</summary>
    public int SequenceLength { get; init; } = 256;

    /// <summary>Peak learning rate of AdamW; a cosine takes it to a tenth.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay on the logits.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>AdamW's epsilon. Above the size of a logit's gradient it lets the groups that matter more move further.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>The gradient of all logits together is clipped to this norm.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>alpha: how far the prior shifts the first logits, in standard deviations.</summary>
    public double PriorStrength { get; init; } = 3;

    /// <summary>
    /// How far the scores of the weights, |W| ||X|| over the root of their mean square in a row, shift the first logits, in units of
    /// <see cref="InitialStd"/>: close calls of a group are changed sooner than clear ones. 0 looks at no inputs.
    /// </summary>
    public double ScoreStrength { get; init; }

    /// <summary>The first logits are the shifts alone, sigma * alpha * ..., without a random part.</summary>
    public bool ExactPrior { get; init; }

    /// <summary>beta: loss = (1 - beta) * cross-entropy + beta * KL(dense || masked), the dense model being the same weights without
    /// masks.</summary>
    public double Distillation { get; init; }

    /// <summary>gamma: adds gamma times the mean over blocks of the squared error of their output against the dense model's, over the
    /// square of what the dense block adds.</summary>
    public double StateDistillation { get; init; }

    /// <summary>Every block's masks are learned by its own output against the dense block's, from the dense model's input, and not by the
    /// model's predictions.</summary>
    public bool Blockwise { get; init; }

    /// <summary>Masks of one block after another are learned, <see cref="Steps"/> each, by its output against the dense block's, behind
    /// blocks that are masked: weights and state are one block's at a time, for models that do not fit into memory.</summary>
    public bool Stream { get; init; }

    /// <summary>sigma: standard deviation of the first logits.</summary>
    public double InitialStd { get; init; } = 0.01;

    /// <summary>Scale of the logits before the noise.</summary>
    public ScheduleRange Kappa { get; init; } = new(100, 500);

    /// <summary>Temperature of the Gumbel softmax.</summary>
    public ScheduleRange Tau { get; init; } = new(4, 0.05);

    /// <summary>Scale of the Gumbel noise: y = softmax((kappa p + noise * g) / tau). 1 is the paper's; 0 draws nothing, and the soft mask
    /// is the logits' own.</summary>
    public double Noise { get; init; } = 1;

    /// <summary>What a group's logits are of.</summary>
    public Parametrization Parametrization { get; init; } = Parametrization.Candidates;

    /// <summary>Decay of the moving average of the logits from which the mask is taken; 0 takes the last logits.</summary>
    public double AverageDecay { get; init; }

    /// <summary>How kappa and tau move.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>lambda at the first step: keeps the norm of the surviving weights up.</summary>
    public double WeightReward { get; init; } = 1e-5;

    /// <summary>The reward of each layer is divided by ||W||^2 of it, so that lambda means the same in any layer and model: 0 to 1 of
    /// each.</summary>
    public bool NormalizedReward { get; init; }

    /// <summary>Straight-through: the layers multiply by the hard mask of the sample, the gradient takes the soft one.</summary>
    public bool Hard { get; init; }

    /// <summary>Whether the weights that stay are trained too; the reward moves the masks only.</summary>
    public WeightTraining TrainWeights { get; init; }

    /// <summary>What is trained where weights are.</summary>
    public TrainedParameters Train { get; init; }

    /// <summary>Peak learning rate of the weights, where they are trained: a warm-up of 20 steps, or a tenth of all, then a line to
    /// 0. No decay.</summary>
    public double WeightLearningRate { get; init; } = 1e-4;

    /// <summary>Added to the gradient of weights that a moving mask drops, times the weight.</summary>
    public double DroppedDecay { get; init; } = 2e-4;

    /// <summary>Sequences that a one-shot prior and the scores look at.</summary>
    public int PriorSamples { get; init; } = 64;

    /// <summary>Experts that fewer tokens of them reach are looked at with all of them by a one-shot prior.</summary>
    public int MinExpertTokens { get; init; } = PruneRequest.UsualExpertTokens;

    /// <summary>Name patterns (* and ?) of parameters that stay dense.</summary>
    public IReadOnlyList<string> Skip { get; init; } = [];

    /// <summary>Seed of all randomness.</summary>
    public ulong Seed { get; init; }

    /// <summary>What computes the masks.</summary>
    public KernelKind Kernel { get; init; } = KernelKind.Fused;

    /// <summary>How AdamW's moments are kept; less than float32 needs <see cref="KernelKind.Fused"/>.</summary>
    public MomentType Moments { get; init; } = MomentType.Float32;

    /// <summary>Type of the model's activations, masked weights and matrix products: float32 or bfloat16. Logits, noise, loss and state are
    /// float32.</summary>
    public ScalarType Precision { get; init; } = ScalarType.Float32;

    /// <summary>Keep only each block's input for the backward pass and run the block again there.</summary>
    public bool CheckpointActivations { get; init; }

    /// <summary>Whether a step takes a pass of the dense model too.</summary>
    internal bool RunsDenseModel => !Stream && (Distillation > 0 || StateDistillation > 0 || Blockwise);

    /// <summary>Whether the first logits need the inputs of the layers.</summary>
    internal bool UsesScores => ScoreStrength > 0 && LearnsMasks;

    /// <summary>Whether there are logits to learn.</summary>
    internal bool LearnsMasks => TrainWeights is WeightTraining.None or WeightTraining.WithMasks;

    /// <summary>Whether weights are trained from others than the model's, where a prior has solved for them.</summary>
    internal bool StartsOnSolvedWeights => TrainWeights is WeightTraining.Only or WeightTraining.Moving;

    /// <summary>The first step that a moving mask stays in.</summary>
    internal long SettledStep => (long)(MovingShare * Steps);

    /// <summary>Whether the mask of the next step may be another one.</summary>
    internal bool MovesMask(long step) => TrainWeights == WeightTraining.Moving && step < SettledStep;

    /// <summary>The options of a recipe.</summary>
    public static LearnOptions Of(Recipe recipe) => recipe switch
    {
        Recipe.MaskLlm => new LearnOptions(),
        Recipe.Tuned => new LearnOptions
        {
            Recipe = Recipe.Tuned,
            TrainWeights = WeightTraining.Only,
            Steps = 600,
            BatchSize = 16,
            Distillation = 0.7,
            WeightLearningRate = 1e-3,
            PriorSamples = 256,
        },
        _ => Distilled,
    };

    private static LearnOptions Distilled => new()
    {
        Recipe = Recipe.Distilled,
        Steps = 600,
        BatchSize = 8,
        Distillation = 0.7,
        ExactPrior = true,
        PriorStrength = 1,
        ScoreStrength = 2,
        Noise = 0,
        LearningRate = 7e-4,
        Kappa = new ScheduleRange(100, 200),
        Tau = new ScheduleRange(1, 0.03),
    };

    /// <summary>C or M.</summary>
    internal int LogitsAGroup => Parametrization == Parametrization.Items ? Pattern.GroupSize : Pattern.CandidateCount;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense.</exception>
    public void Validate()
    {
        foreach (Setting<LearnOptions> setting in LearnSettings.All) setting.Require(this);
        // A batch is one array of ids.
        Require(BatchSize * (SequenceLength + 1L) <= Array.MaxLength, "`BatchSize`", BatchSize,
            $"at most {Array.MaxLength / (SequenceLength + 1L)} sequences of {SequenceLength} tokens");
        int micro = MicroBatchSize ?? BatchSize;
        Require(micro >= 1 && BatchSize % micro == 0, "`MicroBatchSize`", micro, $"a divisor of the batch size {BatchSize}");
        if (Parametrization == Parametrization.Candidates && Pattern.GroupSize > NmPattern.LargestEnumerated)
            throw new ArgumentException($"`Pattern` {Pattern}: a group has too many masks for a logit each; add `Parametrization` items.");
        if (Parametrization == Parametrization.Items && Moments != MomentType.Float32)
            throw new ArgumentException($"`Moments` {Moments.ToString().ToLowerInvariant()} is for `Parametrization` candidates; with "
                + $"items leave it at float32.");
        if (Kernel == KernelKind.Plain && Moments != MomentType.Float32)
            throw new ArgumentException($"`Moments` {Moments.ToString().ToLowerInvariant()} is for `Kernel` fused; with `Kernel` plain "
                + $"leave it at float32.");
        if (Train == TrainedParameters.Norms && TrainWeights == WeightTraining.None)
            throw new ArgumentException("`Train` norms is for `TrainWeights` only, moving, dense or with-masks; with none all stays as it "
                + "is.");
        if (Train == TrainedParameters.Norms && Blockwise)
            throw new ArgumentException("`Train` norms learns from the model's predictions, and `Blockwise` from each block's; leave one "
                + "of them out.");
        if (Stream && TrainWeights != WeightTraining.None)
            throw new ArgumentException("`Stream` learns masks, and `TrainWeights` is not none; leave one of them out.");
        Models.Precision.Require(Precision);
    }

    private static void Require(bool holds, string property, object found, string wanted)
    {
        if (!holds) throw new ArgumentException(FormattableString.Invariant($"{property} is {found}; {wanted} is needed."));
    }
}
