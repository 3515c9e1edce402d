using System.Numerics;

namespace MaskLlm.Numerals;

/// <summary>What a number can be.</summary>
/// <param name="Name">Of the option, or of what a message calls it.</param>
/// <param name="Least">The lowest.</param>
/// <param name="Most">The highest.</param>
internal sealed record NumberRange<T>(string Name, T Least, T Most)
    where T : struct, INumber<T>, IMinMaxValue<T>
{
    /// <summary>Whether <see cref="Least"/> itself is too low.</summary>
    internal bool IsAboveLeast { get; init; }

    /// <summary>Whether <see cref="Most"/> itself is too high.</summary>
    internal bool IsBelowMost { get; init; }

    /// <summary>Whether 0, below <see cref="Least"/>, is in the range too.</summary>
    internal bool HasZeroToo { get; init; }

    /// <summary>Whether a number is in the range; NaN is in none.</summary>
    internal bool Holds(T value) => (HasZeroToo && T.IsZero(value)) || ((IsAboveLeast ? value > Least : value >= Least) && (IsBelowMost ? value < Most : value <= Most));

    /// <summary>Checks a number.</summary>
    /// <exception cref="ArgumentException">It is outside.</exception>
    internal void Require(T? value)
    {
        if (value is { } number && !Holds(number)) throw new ArgumentException(Refusal(FormattableString.Invariant($"{number}"), isTooHigh: number > Most));
    }

    /// <summary>What is said of a number outside.</summary>
    internal string Refusal(string found, bool isTooHigh) =>
        isTooHigh && IsOpen ? FormattableString.Invariant($"{Name} is {found}; at most {Most} is needed.") : $"{Name} is {found}; {Wanted} is needed.";

    /// <summary>The range in words.</summary>
    internal string Wanted => HasZeroToo ? FormattableString.Invariant($"0, or {Least} to {Most},")
        : IsOpen && IsAboveLeast && T.IsZero(Least) ? "a positive number"
        : IsOpen ? FormattableString.Invariant($"{(IsAboveLeast ? "more than" : "at least")} {Least}")
        : IsAboveLeast || IsBelowMost ? FormattableString.Invariant($"{(IsAboveLeast ? "above" : "at least")} {Least} and {(IsBelowMost ? "below" : "at most")} {Most}")
        : FormattableString.Invariant($"{Least} to {Most}");

    // A limit of the type is none to a person.
    private bool IsOpen => Most == T.MaxValue || (T.MaxValue > T.CreateSaturating(float.MaxValue) && Most == T.CreateSaturating(float.MaxValue));
}
