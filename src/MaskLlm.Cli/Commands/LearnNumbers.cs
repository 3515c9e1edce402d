using System.CommandLine;
using System.Text.Json;
using MaskLlm.Learning;
using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Patterns;

namespace MaskLlm.Cli.Commands;

/// <summary>The options that become <see cref="LearnOptions"/>, under the same names.</summary>
internal sealed class LearnNumbers
{
    private static readonly LearnOptions Defaults = LearnOptions.Of(Recipe.Distilled);
    private static readonly IReadOnlyList<(string Name, WeightTraining Value)> WeightTrainings = [.. Enum.GetValues<WeightTraining>()
        .Select(value => (JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()), value))];

    private readonly Option<string> _pattern =
        new("--pattern")
        {
            Description = "N kept of every M inputs, M at most 8, or 32 with --parametrization items.",
            DefaultValueFactory = _ => "2:4"
        };
    private readonly Option<string> _recipe =
        new("--recipe")
        {
            Description = "distilled is the best known, maskllm the paper's, 300 steps of 16 sequences; other options "
        + "change what it sets.",
            DefaultValueFactory = _ => "distilled"
        };
    private readonly Option<int> _steps = NumberOption.Of(OptionRanges.Steps, Defaults.Steps, "Optimizer steps.");
    private readonly Option<int> _batch = NumberOption.Of(OptionRanges.BatchSize, Defaults.BatchSize, "Sequences a step.");
    private readonly Option<int?> _micro = NumberOption.Optional(OptionRanges.MicroBatchSize,
        "Sequences that go through the model together; fewer take less memory.");
    private readonly Option<int> _length = NumberOption.Of(OptionRanges.SequenceLength, Defaults.SequenceLength,
        "Predicted tokens a sequence.");
    private readonly Option<double> _rate = NumberOption.Of(OptionRanges.LearningRate, Defaults.LearningRate,
        "Peak; a cosine takes it to a tenth.");
    private readonly Option<double> _epsilon = NumberOption.Of(OptionRanges.Epsilon, Defaults.Epsilon, "AdamW's epsilon.");
    private readonly Option<double> _strength = NumberOption.Of(OptionRanges.PriorStrength, Defaults.PriorStrength,
        "How far the prior shifts the first logits, in standard deviations.");
    private readonly Option<double> _scores = NumberOption.Of(OptionRanges.ScoreStrength, Defaults.ScoreStrength,
        "How far the weights' own scores, |W| ||X|| on 64 sequences of the data, shift the first logits; 0 for not at all.");
    private readonly Option<double> _std = NumberOption.Of(OptionRanges.InitialStd, Defaults.InitialStd,
        "Standard deviation of the first logits.");
    private readonly Option<bool> _exact =
        new("--exact-prior")
        {
            Description = "First logits without a random part. On in distilled; false turns it off.",
            DefaultValueFactory = _ => Defaults.ExactPrior
        };
    private readonly Option<double> _distillation = NumberOption.Of(OptionRanges.Distillation, Defaults.Distillation,
        "beta: share of the loss that is the divergence from the dense model's predictions, 0 to 1.");
    private readonly Option<double> _states = NumberOption.Of(OptionRanges.StateDistillation, Defaults.StateDistillation,
        "gamma: weight of the distance of every block's output from the dense model's, over what the dense block adds.");
    private readonly Option<bool> _blockwise =
        new("--blockwise") { Description = "Learn each block's masks by its own output against the dense block's." };
    private readonly Option<string> _kappa = new("--kappa")
    {
        Description = "Scale of the logits, start:end.",
        DefaultValueFactory = _ =>
        Defaults.Kappa.ToString()
    };
    private readonly Option<string> _tau = new("--tau")
    {
        Description = "Temperature, start:end.",
        DefaultValueFactory = _ =>
        Defaults.Tau.ToString()
    };
    private readonly Option<double> _noise = NumberOption.Of(OptionRanges.Noise, Defaults.Noise, "Scale of the Gumbel noise; 0 for none.");
    private readonly Option<Parametrization> _parametrization = ChoiceOption.Of("--parametrization", Defaults.Parametrization,
        "A logit for each candidate mask of a group, or for each of its items (weights).");
    private readonly Option<double> _average = NumberOption.Of(OptionRanges.AverageDecay, Defaults.AverageDecay,
        "Decay of the moving average of the logits from which the mask is taken; 0 takes the last logits.");
    private readonly Option<ScheduleKind> _schedule = ChoiceOption.Of("--schedule", Defaults.Schedule,
        "How kappa and tau move: linear or exponential.");
    private readonly Option<double> _reward = NumberOption.Of(OptionRanges.WeightReward, Defaults.WeightReward,
        "lambda: reward of the norm of the kept weights, falling linearly to 0.");
    private readonly Option<bool> _normalized =
        new("--normalized-reward") { Description = "Divide each layer's reward by the norm of all its weights." };
    private readonly Option<bool> _hard = new("--hard") { Description = "Straight-through: the layers use the hard mask of each sample." };
    private readonly Option<string> _train =
        new("--train-weights")
        {
            Description = "Whether the weights that stay are trained too: none, with-masks, or only (under the mask "
        + "that --prior names, which stays). OUT/model is written then.",
            DefaultValueFactory = _ => "none"
        };
    private readonly Option<double> _weightRate = NumberOption.Of(OptionRanges.WeightLearningRate, Defaults.WeightLearningRate,
        "Peak learning rate of trained weights.");
    private readonly Option<string[]> _skip = new("--skip")
    {
        Description = "Name patterns (* and ?) of weights that stay dense.",
        AllowMultipleArgumentsPerToken = true
    };
    private readonly Option<KernelKind> _kernel = ChoiceOption.Of("--kernel", Defaults.Kernel,
        "What computes the masks: fused (the CPU's) or plain tensor operations.");
    private readonly Option<MomentType> _moments = ChoiceOption.Of("--moments", Defaults.Moments,
        "How AdamW's moments are kept: float32, bfloat16 or int8. With the logits 18, 12 or 9.1 bytes a weight at 2:4.");
    private readonly Option<string> _precision =
        new("--precision")
        {
            Description = "Activations and matrix products in float32 or bfloat16.",
            DefaultValueFactory = _ =>
        "float32"
        };
    private readonly Option<bool> _checkpoint =
        new("--checkpoint-activations")
        {
            Description = "Keep only each block's input for the backward pass and run the block again "
        + "there: less memory, about a third more time."
        };
    private readonly Option<ulong> _seed = SharedOptions.Seed();

    private readonly int? _ownSteps;

    /// <param name="steps">Of a verb that has its own; null for the recipe's.</param>
    internal LearnNumbers(int? steps = null)
    {
        _ownSteps = steps;
        if (steps is { } own) _steps.DefaultValueFactory = _ => own;
        _recipe.AcceptOnlyFromAmong([.. Enum.GetNames<Recipe>().Select(name => name.ToLowerInvariant())]);
        _train.AcceptOnlyFromAmong([.. WeightTrainings.Select(training => training.Name)]);
    }

    internal IEnumerable<Option> All =>
        [_pattern, _recipe, _steps, _batch, _micro, _length, _rate, _epsilon, _strength, _scores, _exact, _distillation, _states,
        _blockwise, _std, _kappa, _tau, _noise, _schedule, _parametrization, _average, _reward, _normalized, _hard, _train, _weightRate,
        _skip, _kernel, _moments, _precision, _checkpoint, _seed];

    /// <summary>Those that people change first.</summary>
    internal IReadOnlyList<Option> First => [_recipe, _pattern, _steps, _batch, _length, _skip];

    /// <summary>The others under headings.</summary>
    internal IReadOnlyList<(string Heading, IReadOnlyList<Option> Options)> Headings =>
    [
        ("Loss and optimizer", [_rate, _epsilon, _distillation, _states, _blockwise, _reward, _normalized, _train, _weightRate]),
        ("First logits", [_strength, _scores, _exact, _std]),
        ("Sampling of masks", [_kappa, _tau, _schedule, _noise, _parametrization, _average, _hard]),
        ("Memory and speed", [_micro, _precision, _moments, _checkpoint, _kernel]),
    ];

    /// <summary>Those that decide how long a step takes and what it holds in memory.</summary>
    internal IEnumerable<Option> OfSpeed => [_pattern, _batch, _micro, _length, _skip, _moments, _precision, _checkpoint, _hard, _seed];

    /// <summary>The recipe's numbers, and over them what the command line sets itself.</summary>
    internal LearnOptions Read(ParseResult parsed)
    {
        LearnOptions recipe = LearnOptions.Of(Enum.Parse<Recipe>(parsed.GetValue(_recipe)!, ignoreCase: true));
        T Given<T>(Option<T> option, T ofRecipe) => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option)! : ofRecipe;
        return ReadOfSpeed(parsed) with
        {
            Recipe = recipe.Recipe,
            Steps = Given(_steps, _ownSteps ?? recipe.Steps),
            BatchSize = Given(_batch, recipe.BatchSize),
            LearningRate = Given(_rate, recipe.LearningRate),
            Epsilon = parsed.GetValue(_epsilon),
            PriorStrength = Given(_strength, recipe.PriorStrength),
            ScoreStrength = Given(_scores, recipe.ScoreStrength),
            ExactPrior = Given(_exact, recipe.ExactPrior),
            Distillation = Given(_distillation, recipe.Distillation),
            StateDistillation = parsed.GetValue(_states),
            Blockwise = parsed.GetValue(_blockwise),
            InitialStd = parsed.GetValue(_std),
            Kappa = ScheduleRange.Parse(Given(_kappa, recipe.Kappa.ToString())),
            Tau = ScheduleRange.Parse(Given(_tau, recipe.Tau.ToString())),
            Noise = Given(_noise, recipe.Noise),
            Parametrization = parsed.GetValue(_parametrization),
            AverageDecay = parsed.GetValue(_average),
            NormalizedReward = parsed.GetValue(_normalized),
            Schedule = parsed.GetValue(_schedule),
            TrainWeights = WeightTrainings.First(training => training.Name == parsed.GetValue(_train)).Value,
            WeightLearningRate = parsed.GetValue(_weightRate),
            WeightReward = parsed.GetValue(_reward),
            Kernel = parsed.GetValue(_kernel),
        };
    }

    internal LearnOptions ReadOfSpeed(ParseResult parsed) => new()
    {
        Pattern = NmPattern.Parse(parsed.GetValue(_pattern)!),
        BatchSize = parsed.GetValue(_batch),
        MicroBatchSize = parsed.GetValue(_micro),
        SequenceLength = parsed.GetValue(_length),
        Hard = parsed.GetValue(_hard),
        Skip = parsed.GetValue(_skip) ?? [],
        Moments = parsed.GetValue(_moments),
        Precision = Precision.Parse(parsed.GetValue(_precision)!),
        CheckpointActivations = parsed.GetValue(_checkpoint),
        Seed = parsed.GetValue(_seed),
    };
}
