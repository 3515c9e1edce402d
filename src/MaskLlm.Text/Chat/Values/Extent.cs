namespace MaskLlm.Chat.Values;

/// <summary>How large a value is, known without looking into it.</summary>
/// <param name="Size">Characters and values in it, what is shared counted each time; it stops growing at 2^40.</param>
/// <param name="Depth">Levels of sequences and dicts.</param>
internal readonly record struct Extent(long Size, int Depth)
{
    /// <summary>Levels that a value may have: whoever walks through one needs as much stack.</summary>
    public const int DepthLimit = 100;

    private const long SizeLimit = 1L << 40;

    /// <summary>The extent of a value.</summary>
    public static Extent Of(object? value) => value switch
    {
        string text => new Extent(text.Length + 1, 0),
        Markup markup => new Extent(markup.Text.Length + 1, 0),
        Sequence sequence => sequence.Extent,
        Mapping mapping => mapping.Extent,
        _ => new Extent(1, 0),
    };

    /// <summary>The extent of what holds these values.</summary>
    /// <exception cref="TemplateFault">It would be nested too deep.</exception>
    public static Extent Around(IEnumerable<object?> values)
    {
        (long size, int depth) = (1L, 0);
        foreach (object? value in values)
        {
            Extent extent = Of(value);
            size = Math.Min(size + extent.Size, SizeLimit);
            depth = Math.Max(depth, extent.Depth);
        }

        return depth < DepthLimit
            ? new Extent(size, depth + 1)
            : throw TooDeep();
    }

    /// <summary>The error of a value with too many levels.</summary>
    public static TemplateFault TooDeep() => new($"a value is nested more than {DepthLimit} levels deep. Such a template is refused.");
}
