namespace MaskLlm.Chat.Values;

/// <summary>Which items <c>[start:stop:step]</c> takes.</summary>
/// <param name="Start">The first.</param>
/// <param name="Count">How many.</param>
/// <param name="Step">From one to the next; below 0 backwards.</param>
internal readonly record struct SliceRange(int Start, int Count, long Step)
{
    /// <summary>The items of something of this length; a bound below 0 counts from the end, one out of range is the end.</summary>
    /// <exception cref="TemplateFault">The step is 0.</exception>
    public static SliceRange Of(int length, long? start, long? stop, long step)
    {
        if (step == 0)
            throw new TemplateFault("the step of a slice is 0; expected another number.");
        (long lowest, long highest) = step > 0 ? (0L, (long)length) : (-1L, length - 1L);
        long first = start is { } from ? Math.Clamp(from < 0 ? from + length : from, lowest, highest) : step > 0 ? lowest : highest;
        long end = stop is { } to ? Math.Clamp(to < 0 ? to + length : to, lowest, highest) : step > 0 ? highest : lowest;
        long distance = step > 0 ? end - first : first - end;
        // The smallest number has no positive counterpart.
        long stride = step == long.MinValue ? long.MaxValue : Math.Abs(step);
        return new SliceRange((int)first, distance <= 0 ? 0 : (int)((distance - 1) / stride) + 1, step);
    }

    /// <summary>The items of a list.</summary>
    public List<T> Of<T>(IReadOnlyList<T> items)
    {
        List<T> taken = new(Count);
        for (int index = 0; index < Count; index++)
            taken.Add(items[(int)(Start + index * Step)]);
        return taken;
    }
}
