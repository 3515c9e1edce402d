namespace MaskLlm.Numerals;

/// <summary>The range of every number that an option takes: the command line refuses by it, and the library's records do.</summary>
internal static class OptionRanges
{
    // Sizes and lengths.
    internal static readonly NumberRange<int> Steps = AtLeast("--steps", 1);
    internal static readonly NumberRange<int> BatchSize = AtLeast("--batch-size", 1);
    internal static readonly NumberRange<int> MicroBatchSize = AtLeast("--micro-batch-size", 1);
    internal static readonly NumberRange<int> SequenceLength = AtLeast("--seq-len", 1);
    internal static readonly NumberRange<int> Window = AtLeast("--seq-len", 2);
    internal static readonly NumberRange<int> EvalWindow = AtLeast("--eval-seq-len", 2);
    internal static readonly NumberRange<int> MaxWindows = AtLeast("--max-windows", 1);
    internal static readonly NumberRange<int> EvalWindows = AtLeast("--eval-windows", 1);
    internal static readonly NumberRange<int> Samples = AtLeast("--samples", 1);
    internal static readonly NumberRange<int> HiddenMemory = AtLeast("--hidden-memory", 0);
    internal static readonly NumberRange<int> Threads = new("--threads", 1, 1024);
    internal static readonly NumberRange<int> Repeats = AtLeast("--repeats", 1);
    internal static readonly NumberRange<int> Processes = new("--processes", 1, 1024);
    internal static readonly NumberRange<double> Seconds = new("--seconds", 0, 3600);
    internal static readonly NumberRange<ulong> Seed = new("--seed", 0, ulong.MaxValue);
    internal static readonly NumberRange<ulong> Seeds = new("--seeds", 0, ulong.MaxValue);

    // How often.
    internal static readonly NumberRange<int> SaveEvery = AtLeast("--save-every", 1);
    internal static readonly NumberRange<int> LogEvery = AtLeast("--log-every", 1);
    internal static readonly NumberRange<int> EvalEvery = AtLeast("--eval-every", 0);
    internal static readonly NumberRange<int> PretrainEvalEvery = AtLeast("--eval-every", 1);

    // Learning. What multiplies a float32 tensor must be a finite float32 itself.
    internal static readonly NumberRange<double> LearningRate = Positive("--learning-rate");
    internal static readonly NumberRange<double> WeightLearningRate = Positive("--weight-learning-rate");
    internal static readonly NumberRange<double> Epsilon = Positive("--epsilon");
    internal static readonly NumberRange<double> InitialStd = Positive("--initial-std");
    internal static readonly NumberRange<double> PriorStrength = new("--prior-strength", 0, float.MaxValue);
    internal static readonly NumberRange<double> ScoreStrength = new("--score-strength", 0, float.MaxValue);
    internal static readonly NumberRange<double> StateDistillation = new("--state-distillation", 0, float.MaxValue);
    internal static readonly NumberRange<double> WeightReward = new("--weight-reward", 0, float.MaxValue);
    internal static readonly NumberRange<double> Distillation = new("--distillation", 0, 1);
    internal static readonly NumberRange<double> Noise = new("--noise", 1e-6, 100) { HasZeroToo = true };
    internal static readonly NumberRange<double> AverageDecay = new("--average-decay", 0, 1) { IsBelowMost = true };
    internal static readonly NumberRange<double> MaxLoss = new("--max-loss", 0, double.MaxValue);

    // Drawing tokens; a request names its own fields.
    internal static readonly NumberRange<int> MaxTokens = AtLeast("--max-tokens", 1);
    internal static readonly NumberRange<float> Temperature = new("temperature", 0, 100);
    internal static readonly NumberRange<int> TopK = AtLeast("top-k", 0);
    internal static readonly NumberRange<float> TopP = new("top-p", 0, 1) { IsAboveLeast = true };
    internal static readonly NumberRange<float> RepetitionPenalty = new("repetition-penalty", 0.01f, 100);

    // Running and serving packed models.
    internal static readonly NumberRange<int> Context = AtLeast("--context", 1);
    internal static readonly NumberRange<int> Port = new("--port", 0, ushort.MaxValue);
    internal static readonly NumberRange<long> MaxBody = new("--max-body", 1, 1 << 30);
    internal static readonly NumberRange<long> MaxBodies = new("--max-bodies", 1, 1L << 40);
    internal static readonly NumberRange<int> Parallel = new("--parallel", 1, 1024);
    internal static readonly NumberRange<int> Queue = new("--queue", 0, 1_000_000);
    internal static readonly NumberRange<int> MaxPrompt = AtLeast("--max-prompt", 1);
    internal static readonly NumberRange<int> MaxOutput = AtLeast("--max-output", 1);
    internal static readonly NumberRange<int> CacheMegabytes = AtLeast("--cache-mb", 1);

    private static NumberRange<int> AtLeast(string name, int least) => new(name, least, int.MaxValue);

    private static NumberRange<double> Positive(string name) => new(name, 0, float.MaxValue) { IsAboveLeast = true };
}
