using MaskLlm.Architectures;

namespace MaskLlm.Packing.Gguf;

/// <summary>One architecture of llama.cpp: what it computes, and so which plans its files hold. A checkpoint's family has one.</summary>
/// <param name="Name">In <c>general.architecture</c>, and what its keys begin with.</param>
internal sealed record GgufArchitecture(string Name)
{
    // Blocks of the largest Gemma 2 and Gemma 3, whose attention llama.cpp scales by the width instead of the head size.
    private const int Gemma2Widest = 46, Gemma3Widest = 62;

    private static readonly RotaryScalingKind[] OfFrequencies = [RotaryScalingKind.Linear, RotaryScalingKind.Yarn];

    private static readonly RotaryScalingKind[] WithFactors = [.. OfFrequencies, RotaryScalingKind.Llama3, RotaryScalingKind.LongRope];

    private static readonly GgufExperts Normalized = new() { Normalizes = true, WidthIsOfMlp = true };

    // Mistral is Llama there; its window is not known. So is Mixtral.
    private static readonly GgufArchitecture Llama = new("llama")
    {
        TurnsNeighbours = true,
        Scalings = WithFactors,
        Biases = GgufBiases.All,
    };

    // From so many blocks on its files have norms of queries and keys, as Command R+ has.
    private const int CommandRWithNorms = 64;

    private static readonly GgufArchitecture CommandR = new("command-r")
    {
        TurnsNeighbours = true,
        Head = GgufHead.Embedding,
        HasHeadsAsWideAsModel = true,
        ScalesLogits = true,
        BlocksWithQueryKeyNorms = CommandRWithNorms,
    };

    private static readonly GgufArchitecture Granite = new("granite")
    {
        TurnsNeighbours = true,
        Scalings = WithFactors,
        Biases = GgufBiases.All,
        HasMultipliers = true,
    };

    private static readonly Dictionary<string, GgufArchitecture> ByFamily = new(StringComparer.Ordinal)
    {
        ["bloom"] = new("bloom")
        {
            Activation = Activation.GeluTanh,
            FusesQueryKeyValue = true,
            Biases = GgufBiases.All,
            RequiredBiases = GgufBiases.All,
        },
        ["cohere"] = CommandR,
        ["cohere2"] = CommandR with
        {
            Name = "cohere2",
            WindowPeriod = 4,
            UnrotatedPeriod = 4,
            BlocksWithQueryKeyNorms = int.MaxValue,
        },
        ["deepseek_v3"] = new("deepseek2")
        {
            TurnsNeighbours = true,
            Head = GgufHead.Own,
            // Of any other it would scale attention, too.
            Scalings = [RotaryScalingKind.Yarn],
            HasLatents = true,
            Experts = new GgufExperts { HasRoutingKeys = true, LeadsDense = true, HasGroups = true },
        },
        ["exaone4"] = new("exaone4") { Scalings = WithFactors, HasQueryKeyNorms = true },
        ["falcon"] = new("falcon")
        {
            Activation = Activation.GeluTanh,
            FusesQueryKeyValue = true,
            IsParallelAlone = true,
            InputNorm = GgufNames.SecondInputNorm,
            MlpNorm = GgufNames.InputNorm,
        },
        ["gemma"] = new("gemma") { Activation = Activation.GeluTanh, Head = GgufHead.Embedding },
        ["gemma2"] = new("gemma2")
        {
            Activation = Activation.GeluTanh,
            Head = GgufHead.Embedding,
            WindowPeriod = 2,
            AlwaysHasWindow = true,
            AlwaysHasSoftCaps = true,
            BlocksScaledByWidth = Gemma2Widest,
        },
        ["gemma3_text"] = new("gemma3")
        {
            Activation = Activation.GeluTanh,
            WindowPeriod = 6,
            Scalings = [RotaryScalingKind.Linear],
            BlocksScaledByWidth = Gemma3Widest,
            HasQueryKeyNorms = true,
        },
        ["glm4"] = new("glm4")
        {
            TurnsNeighbours = true,
            FusesGateUp = true,
            Biases = GgufBiases.QueryKeyValue,
            HasHeadsAsWideAsModel = true,
        },
        ["glm4_moe"] = new("glm4moe")
        {
            Biases = GgufBiases.QueryKeyValue,
            MlpNorm = GgufNames.AttentionNorm,
            HasQueryKeyNorms = true,
            Experts = new GgufExperts { HasRoutingKeys = true, LeadsDense = true },
        },
        ["gpt2"] = new("gpt2")
        {
            Activation = Activation.GeluTanh,
            FusesQueryKeyValue = true,
            Biases = GgufBiases.All,
            RequiredBiases = GgufBiases.All,
        },
        ["gpt_oss"] = new("gpt-oss")
        {
            Head = GgufHead.Own,
            Biases = GgufBiases.QueryKeyValue | GgufBiases.AttentionOutput,
            MlpNorm = GgufNames.AttentionNorm,
            WindowPeriod = 2,
            AlwaysHasWindow = true,
            Experts = new GgufExperts { Normalizes = true, HasBiases = true },
        },
        ["gpt_neox"] = new("gptneox")
        {
            Activation = Activation.GeluTanh,
            FusesQueryKeyValue = true,
            Head = GgufHead.Own,
            Biases = GgufBiases.All,
            RequiredBiases = GgufBiases.All,
            HasHeadsAsWideAsModel = true,
        },
        ["granite"] = Granite,
        ["granitemoe"] = Granite with { Name = "granitemoe", Experts = Normalized },
        ["llama"] = Llama,
        ["ministral"] = Llama,
        ["mistral"] = Llama,
        ["mixtral"] = Llama with { Experts = Normalized },
        ["nemotron"] = new("nemotron")
        {
            Activation = Activation.ReluSquared,
            Head = GgufHead.Own,
            Biases = GgufBiases.All,
            HadHeadsAsWideAsModel = true,
        },
        ["olmo2"] = new("olmo2") { Head = GgufHead.Own, HasHeadsAsWideAsModel = true, HasQueryKeyNorms = true },
        ["olmoe"] = new("olmoe")
        {
            Head = GgufHead.Own,
            HasHeadsAsWideAsModel = true,
            HasQueryKeyNorms = true,
            HasKeysOfEveryHead = true,
            Experts = new GgufExperts { Normalizes = false, WidthIsOfMlp = true },
        },
        ["phi"] = new("phi2")
        {
            Activation = Activation.GeluTanh,
            Head = GgufHead.Own,
            Biases = GgufBiases.All,
            RequiredBiases = GgufBiases.All,
            HasHeadsAsWideAsModel = true,
        },
        ["phi3"] = new("phi3")
        {
            FusesQueryKeyValue = true,
            FusesGateUp = true,
            HasHeadsAsWideAsModel = true,
            Scalings = [.. OfFrequencies, RotaryScalingKind.LongRope],
        },
        ["qwen2"] = new("qwen2") { Biases = GgufBiases.QueryKeyValue },
        ["qwen2_moe"] = new("qwen2moe")
        {
            Biases = GgufBiases.QueryKeyValue,
            Experts = new GgufExperts { Normalizes = false, IsSharedGated = true },
        },
        ["qwen3"] = new("qwen3") { HasQueryKeyNorms = true },
        ["qwen3_moe"] = new("qwen3moe") { HasQueryKeyNorms = true, Experts = new GgufExperts { Normalizes = true } },
        ["seed_oss"] = new("seed_oss") { Biases = GgufBiases.QueryKeyValue, MlpNorm = GgufNames.AttentionNorm },
        ["smollm3"] = new("smollm3") { TurnsNeighbours = true, HasHeadsAsWideAsModel = true, UnrotatedPeriod = 4 },
        ["stablelm"] = new("stablelm") { Head = GgufHead.Own, Biases = GgufBiases.QueryKeyValue, HasHeadsAsWideAsModel = true },
        ["starcoder2"] = new("starcoder2")
        {
            Activation = Activation.GeluTanh,
            Biases = GgufBiases.All,
            RequiredBiases = GgufBiases.All,
            HasHeadsAsWideAsModel = true,
        },
    };

    /// <summary>The families that have one.</summary>
    internal static IEnumerable<string> Families => ByFamily.Keys;

    /// <summary>
    /// Whether rotary embedding turns neighbours (2i, 2i + 1) of a head instead of (i, i + D/2): the rows of queries and keys are written
    /// in that order, where the checkpoint has another.
    /// </summary>
    internal bool TurnsNeighbours { get; private init; }

    /// <summary>Whether one tensor has all queries, then all keys, then all values.</summary>
    internal bool FusesQueryKeyValue { get; private init; }

    /// <summary>Whether <c>ffn_up</c> has the gate before its own rows.</summary>
    internal bool FusesGateUp { get; private init; }

    /// <summary>GeluTanh stands for both kinds of GELU: llama.cpp has this one.</summary>
    internal Activation Activation { get; private init; } = Activation.Silu;

    internal GgufHead Head { get; private init; } = GgufHead.Either;

    /// <summary>Those that it adds where the file has them.</summary>
    internal GgufBiases Biases { get; private init; }

    /// <summary>Those without which it loads no file.</summary>
    internal GgufBiases RequiredBiases { get; private init; }

    /// <summary>The rotary scalings that it computes.</summary>
    internal IReadOnlyList<RotaryScalingKind> Scalings { get; private init; } = OfFrequencies;

    /// <summary>Of so many blocks the last sees all tokens and the others a window; null where all blocks see all.</summary>
    internal int? WindowPeriod { get; private init; }

    /// <summary>Whether it takes a window of its own where the file names none.</summary>
    internal bool AlwaysHasWindow { get; private init; }

    /// <summary>Whether it caps the products of queries and keys, and the logits; else it caps logits where the file says so.</summary>
    internal bool AlwaysHasSoftCaps { get; private init; }

    /// <summary>Of so many blocks queries and keys of the last are not turned; null where all are.</summary>
    internal int? UnrotatedPeriod { get; private init; }

    /// <summary>Whether attention and MLP read the same sum in it, and no other way.</summary>
    internal bool IsParallelAlone { get; private init; }

    /// <summary>What it calls the norm of what attention reads, where the MLP has another.</summary>
    internal string InputNorm { get; private init; } = GgufNames.InputNorm;

    /// <summary>What it calls the norm of what the MLP reads.</summary>
    internal string MlpNorm { get; private init; } = GgufNames.MlpNorm;

    /// <summary>Whether it normalises queries and keys.</summary>
    internal bool HasQueryKeyNorms { get; private init; }

    /// <summary>With so many blocks or more it loads no file without such norms.</summary>
    internal int BlocksWithQueryKeyNorms { get; private init; } = int.MaxValue;

    /// <summary>Whether it reads what logits are multiplied by.</summary>
    internal bool ScalesLogits { get; private init; }

    /// <summary>Whether it reads the scales of embedding, attention, residual sum and logits.</summary>
    internal bool HasMultipliers { get; private init; }

    /// <summary>What it has in the place of MLPs; null for MLPs.</summary>
    internal GgufExperts? Experts { get; private init; }

    /// <summary>Whether heads are made of latents.</summary>
    internal bool HasLatents { get; private init; }

    /// <summary>Whether all heads together are as wide as the residual sum.</summary>
    internal bool HasHeadsAsWideAsModel { get; private init; }

    /// <summary>Whether every head has keys and values of its own.</summary>
    internal bool HasKeysOfEveryHead { get; private init; }

    /// <summary>Whether they had to be so in earlier versions.</summary>
    internal bool HadHeadsAsWideAsModel { get; private init; }

    /// <summary>With so many blocks attention is scaled by width / heads instead of the head size; 0 for never.</summary>
    private int BlocksScaledByWidth { get; init; }

    /// <summary>That of a family, or null.</summary>
    internal static GgufArchitecture? Find(DecoderConfig config) => ByFamily.GetValueOrDefault(config.Family);

    /// <summary>That of a family that has one.</summary>
    internal static GgufArchitecture Of(DecoderConfig config) => ByFamily[config.Family];

    /// <summary>What it multiplies the products of queries and keys by; null for what the file says.</summary>
    internal double? AttentionScale(DecoderConfig config) => HasMultipliers || HasLatents ? null
        : 1 / Math.Sqrt(config.BlockCount == BlocksScaledByWidth ? config.HiddenSize / config.HeadCount : config.HeadSize);

    /// <summary>The period of a model's windows, or null where it has none that llama.cpp knows.</summary>
    internal int? PeriodOf(DecoderConfig config)
    {
        bool Fits(int period) => Enumerable.Range(0, config.BlockCount)
            .All(block => config.SlidingWindow(block) is not null == block % period < period - 1);
        IEnumerable<int> periods = Enumerable.Range(1, config.BlockCount + 1);
        return (WindowPeriod is { } own ? periods.Prepend(own) : periods).Where(Fits).Select(period => (int?)period).FirstOrDefault();
    }
}
