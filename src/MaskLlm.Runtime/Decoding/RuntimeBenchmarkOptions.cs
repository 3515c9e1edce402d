using MaskLlm.Numerals;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>What <see cref="RuntimeBenchmark"/> measures.</summary>
public sealed record RuntimeBenchmarkOptions
{
    /// <summary>A runtime file whose speed is measured, its linear layers 2:4; null for random weights of <see cref="Shape"/>.</summary>
    public string? Model { get; init; }

    /// <summary>A name in <see cref="ModelShape.Names"/>, where there is no model.</summary>
    public string? Shape { get; init; }

    /// <summary>Types of weights to measure; a model's own where it is given.</summary>
    public IReadOnlyList<WeightType> Types { get; init; } = [WeightType.BFloat16];

    /// <summary>Threads; null for all processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Pairs of a dense and a sparse measurement; medians are reported.</summary>
    public int Repeats { get; init; } = 9;

    /// <summary>Sequences that are decoded together.</summary>
    public IReadOnlyList<int> Sequences { get; init; } = [1, 4, 16];

    /// <summary>Lengths of prompts.</summary>
    public IReadOnlyList<int> Prompts { get; init; } = [128, 512];

    /// <summary>Positions before the token that is decoded.</summary>
    public int Context { get; init; } = 128;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One is out of range, or neither or both of model and shape are given.</exception>
    public void Validate()
    {
        if ((Model is null) == (Shape is null))
            throw new ArgumentException("bench measures either a runtime file or a `Shape`; name one of them.");
        OptionRanges.Repeats.Require(Repeats);
    }
}
