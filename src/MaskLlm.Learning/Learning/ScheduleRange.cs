using System.Globalization;
using MaskLlm.Numerals;

namespace MaskLlm.Learning;

/// <summary>Where a schedule starts and where it would arrive after the last step; written <c>A:B</c>.</summary>
/// <param name="Start">Value at the first step.</param>
/// <param name="End">Value that the step after the last would have.</param>
public readonly record struct ScheduleRange(double Start, double End)
{
    /// <summary>Reads <c>A:B</c>.</summary>
    /// <exception cref="ArgumentException">Not two positive numbers.</exception>
    public static ScheduleRange Parse(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length == 2
            && NumberText.TryRead(parts[0], out double start)
            && NumberText.TryRead(parts[1], out double end)
            && IsUsable(start) && IsUsable(end))
            return new ScheduleRange(start, end);
        throw new ArgumentException($"\"{text}\" is not a schedule, as `Kappa` and `Tau` are; two positive numbers are expected, such as "
            + $"100:500.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Start}:{End}");

    // Tensors hold float32.
    private static bool IsUsable(double value) => value > 0 && float.IsFinite((float)value);
}
