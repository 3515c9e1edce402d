using MaskLlm.Numerals;

namespace MaskLlm.Experiments;

/// <summary>What <see cref="BusyBenchmark"/> measures.</summary>
public sealed record BusyBenchmarkOptions
{
    /// <summary>A Hugging Face folder.</summary>
    public required string Model { get; init; }

    /// <summary>Processes that only count, beside ours.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Pairs of a quiet and a disturbed measurement; medians are reported.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>How long each measurement goes on, at least.</summary>
    public double Seconds { get; init; } = 4;

    /// <summary>Threads of decoding; libtorch's are set for the process.</summary>
    public int? Threads { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense.</exception>
    public void Validate()
    {
        OptionRanges.Processes.Require(Processes);
        OptionRanges.Repeats.Require(Repeats);
        OptionRanges.Seconds.Require(Seconds);
    }
}
