using MaskLlm.Numerals;

namespace MaskLlm.Learning;

/// <summary>What <see cref="LearnBenchmark"/> measures.</summary>
public sealed record LearnBenchmarkOptions
{
    /// <summary>A Hugging Face folder.</summary>
    public required string Model { get; init; }

    /// <summary>Pattern, batch, length, precision, moments; the kernel is both in turn.</summary>
    public LearnOptions Learning { get; init; } = new();

    /// <summary>Pairs of a dense and a learning step that count.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense.</exception>
    public void Validate()
    {
        Learning.Validate();
        OptionRanges.Repeats.Require(Repeats);
    }
}
