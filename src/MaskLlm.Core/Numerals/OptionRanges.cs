namespace MaskLlm.Numerals;

/// <summary>The range of every number that an option takes: the command line refuses by it, and the library's records do.</summary>
public static class OptionRanges
{
    // Sizes and lengths.
    /// <summary>Optimizer steps.</summary>
    public static readonly NumberRange<int> Steps = AtLeast("steps", 1);

    /// <summary>Sequences a step.</summary>
    public static readonly NumberRange<int> BatchSize = AtLeast("batch-size", 1);

    /// <summary>Sequences that go through the model together.</summary>
    public static readonly NumberRange<int> MicroBatchSize = AtLeast("micro-batch-size", 1);

    /// <summary>Predicted tokens a sequence.</summary>
    public static readonly NumberRange<int> SequenceLength = AtLeast("seq-len", 1) with { Subject = "`SequenceLength`" };

    /// <summary>Tokens a window of a perplexity.</summary>
    public static readonly NumberRange<int> Window = AtLeast("seq-len", 2) with { Subject = "`SequenceLength`" };

    /// <summary>Tokens a window of an experiment's perplexities.</summary>
    public static readonly NumberRange<int> EvalWindow = AtLeast("eval-seq-len", 2) with { Subject = "`EvalSequenceLength`" };

    /// <summary>Windows of a text.</summary>
    public static readonly NumberRange<int> MaxWindows = AtLeast("max-windows", 1);

    /// <summary>Documents of a task, at most.</summary>
    public static readonly NumberRange<int> Limit = AtLeast("limit", 1);

    /// <summary>Windows of held-out text.</summary>
    public static readonly NumberRange<int> EvalWindows = AtLeast("eval-windows", 1);

    /// <summary>Sequences that a one-shot prior looks at.</summary>
    public static readonly NumberRange<int> PriorSamples = AtLeast("prior-samples", 1);

    /// <summary>Sequences of a calibration.</summary>
    public static readonly NumberRange<int> Samples = AtLeast("samples", 1);

    /// <summary>Tokens that must reach an expert.</summary>
    public static readonly NumberRange<int> MinExpertTokens = AtLeast("min-expert-tokens", 0);

    /// <summary>Most of the weights that stays dense.</summary>
    public static readonly NumberRange<double> DenseShare = new("dense-share", 0, 1) { IsBelowMost = true };

    /// <summary>Memory for hidden states, in MiB.</summary>
    public static readonly NumberRange<int> HiddenMemory = AtLeast("hidden-memory", 0) with { Subject = "`HiddenMemoryBytes`" };

    /// <summary>Threads.</summary>
    public static readonly NumberRange<int> Threads = new("threads", 1, 1024);

    /// <summary>Pairs of measurements.</summary>
    public static readonly NumberRange<int> Repeats = AtLeast("repeats", 1);

    /// <summary>Busy processes beside a measurement.</summary>
    public static readonly NumberRange<int> Processes = new("processes", 1, 1024);

    /// <summary>Shortest measurement.</summary>
    public static readonly NumberRange<double> Seconds = new("seconds", 0, 3600);

    /// <summary>Seed of all randomness.</summary>
    public static readonly NumberRange<ulong> Seed = new("seed", 0, ulong.MaxValue);

    /// <summary>Seeds of an experiment.</summary>
    public static readonly NumberRange<ulong> Seeds = new("seeds", 0, ulong.MaxValue);

    // How often.
    /// <summary>Steps between checkpoints.</summary>
    public static readonly NumberRange<int> SaveEvery = AtLeast("save-every", 1);

    /// <summary>Steps between lines of metrics.</summary>
    public static readonly NumberRange<int> LogEvery = AtLeast("log-every", 1);

    /// <summary>Steps between held-out perplexities; 0 for only at the end.</summary>
    public static readonly NumberRange<int> EvalEvery = AtLeast("eval-every", 0);

    /// <summary>Steps between held-out perplexities of pretraining.</summary>
    public static readonly NumberRange<int> PretrainEvalEvery = AtLeast("eval-every", 1);

    // Learning. What multiplies a float32 tensor must be a finite float32 itself.
    /// <summary>Peak learning rate.</summary>
    public static readonly NumberRange<double> LearningRate = Positive("learning-rate");

    /// <summary>Peak learning rate of trained weights.</summary>
    public static readonly NumberRange<double> WeightLearningRate = Positive("weight-learning-rate");

    /// <summary>Decay of weights that a moving mask drops.</summary>
    public static readonly NumberRange<double> DroppedDecay = new("dropped-decay", 0, float.MaxValue);

    /// <summary>AdamW's epsilon.</summary>
    public static readonly NumberRange<double> Epsilon = Positive("epsilon");

    /// <summary>Decoupled weight decay.</summary>
    public static readonly NumberRange<double> WeightDecay = new("weight-decay", 0, float.MaxValue);

    /// <summary>Largest norm of a gradient.</summary>
    public static readonly NumberRange<double> ClipNorm = Positive("clip-norm");

    /// <summary>Steps of linear warm-up.</summary>
    public static readonly NumberRange<int> WarmupSteps = AtLeast("warmup-steps", 0);

    /// <summary>Standard deviation of the first logits.</summary>
    public static readonly NumberRange<double> InitialStd = Positive("initial-std");

    /// <summary>Shift of the first logits by the prior.</summary>
    public static readonly NumberRange<double> PriorStrength = new("prior-strength", 0, float.MaxValue);

    /// <summary>Shift of the first logits by the weights' scores.</summary>
    public static readonly NumberRange<double> ScoreStrength = new("score-strength", 0, float.MaxValue);

    /// <summary>Weight of the blocks' outputs in the loss.</summary>
    public static readonly NumberRange<double> StateDistillation = new("state-distillation", 0, float.MaxValue);

    /// <summary>Reward of the kept weights' norm.</summary>
    public static readonly NumberRange<double> WeightReward = new("weight-reward", 0, float.MaxValue);

    /// <summary>Share of the dense model's predictions in the loss.</summary>
    public static readonly NumberRange<double> Distillation = new("distillation", 0, 1);

    /// <summary>Scale of the Gumbel noise.</summary>
    public static readonly NumberRange<double> Noise = new("noise", 1e-6, 100) { HasZeroToo = true };

    /// <summary>Decay of the logits' moving average.</summary>
    public static readonly NumberRange<double> AverageDecay = new("average-decay", 0, 1) { IsBelowMost = true };

    /// <summary>Rise of log perplexity, in nats a token.</summary>
    public static readonly NumberRange<double> MaxLoss = new("max-loss", 0, double.MaxValue);

    /// <summary>Resident memory of a model that is chosen, in MB.</summary>
    public static readonly NumberRange<int> MaxMemory = AtLeast("max-memory", 1);

    /// <summary>Speed of a model that is chosen.</summary>
    public static readonly NumberRange<double> MinTokensPerSecond = Positive("min-tokens-per-second");

    // Drawing tokens; a request names its own fields.
    /// <summary>New tokens of a text.</summary>
    public static readonly NumberRange<int> MaxTokens = AtLeast("max-tokens", 1);

    /// <summary>What divides the logits.</summary>
    public static readonly NumberRange<float> Temperature = new("temperature", 0, 100);

    /// <summary>Most probable tokens to draw from; 0 for all.</summary>
    public static readonly NumberRange<int> TopK = AtLeast("top-k", 0);

    /// <summary>Probability of the tokens to draw from.</summary>
    public static readonly NumberRange<float> TopP = new("top-p", 0, 1) { IsAboveLeast = true };

    /// <summary>What makes tokens of the text less probable.</summary>
    public static readonly NumberRange<float> RepetitionPenalty = new("repetition-penalty", 0.01f, 100);

    // Running and serving packed models.
    /// <summary>Longest text, in tokens.</summary>
    public static readonly NumberRange<int> Context = AtLeast("context", 1) with { Subject = "`ContextLength`" };

    /// <summary>Port of a server; 0 for any that is free.</summary>
    public static readonly NumberRange<int> Port = new("port", 0, ushort.MaxValue);

    /// <summary>Longest body of a request, in bytes.</summary>
    public static readonly NumberRange<long> MaxBody = new("max-body", 1, 1 << 30) { Subject = "`MaxBodyBytes`" };

    /// <summary>Bodies read at once, in bytes.</summary>
    public static readonly NumberRange<long> MaxBodies = new("max-bodies", 1, 1L << 40) { Subject = "`BodyBytes`" };

    /// <summary>Texts that run together.</summary>
    public static readonly NumberRange<int> Parallel = new("parallel", 1, 1024);

    /// <summary>Requests that wait.</summary>
    public static readonly NumberRange<int> Queue = new("queue", 0, 1_000_000);

    /// <summary>Longest prompt, in tokens.</summary>
    public static readonly NumberRange<int> MaxPrompt = AtLeast("max-prompt", 1);

    /// <summary>New tokens of a request.</summary>
    public static readonly NumberRange<int> MaxOutput = AtLeast("max-output", 1);

    /// <summary>Memory for keys and values, in MiB.</summary>
    public static readonly NumberRange<int> CacheMegabytes = AtLeast("cache-mb", 1) with { Subject = "`CacheBytes`" };

    private static NumberRange<int> AtLeast(string name, int least) => new(name, least, int.MaxValue);

    private static NumberRange<double> Positive(string name) => new(name, 0, float.MaxValue) { IsAboveLeast = true };
}
