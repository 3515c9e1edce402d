using System.Numerics;

namespace MaskLlm.Numerals;

/// <summary>What a number can be.</summary>
/// <param name="Name">As people and files write it, such as batch-size.</param>
/// <param name="Least">The lowest.</param>
/// <param name="Most">The highest.</param>
public sealed record NumberRange<T>(string Name, T Least, T Most)
    where T : struct, INumber<T>, IMinMaxValue<T>
{
    /// <summary>What a message calls it: the property in backticks, such as `BatchSize`, where nothing else is said.</summary>
    public string Subject { get; init; } = PropertyNames.Quoted(Name);

    /// <summary>Whether <see cref="Least"/> itself is too low.</summary>
    public bool IsAboveLeast { get; init; }

    /// <summary>Whether <see cref="Most"/> itself is too high.</summary>
    public bool IsBelowMost { get; init; }

    /// <summary>Whether 0, below <see cref="Least"/>, is in the range too.</summary>
    public bool HasZeroToo { get; init; }

    /// <summary>Whether a number is in the range; NaN is in none.</summary>
    public bool Holds(T value) => (HasZeroToo && T.IsZero(value))
        || ((IsAboveLeast ? value > Least : value >= Least) && (IsBelowMost ? value < Most : value <= Most));

    /// <summary>Checks a number.</summary>
    /// <exception cref="ArgumentException">It is outside.</exception>
    public void Require(T? value)
    {
        if (value is { } number && !Holds(number)) throw new ArgumentException(Refusal(NumberText.Shown(number), isTooHigh: number > Most));
    }

    /// <summary>Reads a number of the range.</summary>
    /// <param name="text">As people write it, the same in every country.</param>
    /// <param name="value">The number; 0 where the text is none of the range.</param>
    /// <returns>What is wrong with it, in a sentence; null where nothing is.</returns>
    public string? Read(string text, out T value)
    {
        bool isRead = NumberText.TryRead(text, out value);
        if (isRead && Holds(value)) return null;
        bool isTooHigh = isRead ? value > Most : !text.StartsWith('-');
        value = T.Zero;
        return NumberText.IsNumber<T>(text)
            ? Refusal(text, isTooHigh)
            : $"{Subject} is \"{text}\"; {Wanted} is needed, in {(NumberText.IsOfWhole<T>() ? "digits alone" : "digits with a point")}.";
    }

    /// <summary>What is said of a number outside.</summary>
    public string Refusal(string found, bool isTooHigh) =>
        isTooHigh && IsOpen ? $"{Subject} is {found}; at most {NumberText.Shown(Most)} is needed." : $"{Subject} is {found}; {Wanted} is needed.";

    /// <summary>The range in words.</summary>
    public string Wanted => InWords(NumberText.Shown(Least), NumberText.Shown(Most));

    private string InWords(string least, string most) => HasZeroToo ? $"0, or {least} to {most},"
        : IsOpen && IsAboveLeast && T.IsZero(Least) ? "a positive number"
        : IsOpen ? $"{(IsAboveLeast ? "more than" : "at least")} {least}"
        : IsAboveLeast || IsBelowMost ? $"{(IsAboveLeast ? "above" : "at least")} {least} and {(IsBelowMost ? "below" : "at most")} {most}"
        : $"{least} to {most}";

    // A limit of the type is none to a person.
    private bool IsOpen => Most == T.MaxValue
        || (T.MaxValue > T.CreateSaturating(float.MaxValue) && Most == T.CreateSaturating(float.MaxValue));
}
