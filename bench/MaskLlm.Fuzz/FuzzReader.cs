namespace MaskLlm.Fuzz;

/// <summary>One reader of the program, its valid inputs, and what it may answer to broken ones.</summary>
/// <param name="Name">As <c>--reader</c> names it.</param>
/// <param name="Seeds">Valid inputs, made in memory when they are first needed.</param>
/// <param name="Read">Reads an input as the program does, down to the last value.</param>
internal sealed record FuzzReader(string Name, Lazy<IReadOnlyList<FuzzSeed>> Seeds, Action<FuzzInput> Read)
{
    /// <summary>What a reader of files refuses with.</summary>
    internal static readonly Type[] OfFiles = [typeof(InvalidDataException), typeof(NotSupportedException)];

    /// <summary>What a reader of arguments refuses with.</summary>
    internal static readonly Type[] OfArguments = [typeof(ArgumentException)];

    // The words of the framework: a message with one of them is a fault that somebody else's check met.
    private static readonly string[] ForeignWords =
    [
        "Nullable object", "Object reference", "Specified argument was out of", "Index was outside", "Arithmetic operation",
        "could not be converted", "Unable to translate",
        "Exception of type", "Value cannot be null", "requires an element of type", "out of the range of valid values", "Sequence contains",
        "An item with the same key",
        "The node must be of type", "Non-negative number required", "is not a valid value for", "Array dimensions exceeded",
        "Input string was not",
    ];

    /// <summary>The exceptions that are right answers, with those derived from them.</summary>
    internal IReadOnlyList<Type> Refusals { get; init; } = OfFiles;

    /// <summary>Most bytes that one reading may take from the heap, beside 400 for each byte of the input.</summary>
    internal long MostBytes { get; init; } = 48L << 20;

    /// <summary>Whether a refusal must name the file.</summary>
    internal bool NamesFile { get; init; } = true;

    /// <summary>Its share of a run's inputs, beside those of 1.</summary>
    internal double Weight { get; init; } = 1;

    /// <summary>What is wrong with the answer to an input; null for nothing.</summary>
    internal string? Fault(FuzzInput input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? fault = null;
        try
        {
            Read(input);
        }
        catch (Exception e)
        {
            fault = FaultOf(e, input);
        }
        long taken = GC.GetAllocatedBytesForCurrentThread() - before, most = MostBytes + 400L * input.Bytes.Length;
        return fault ?? (taken > most ? FormattableString.Invariant($"{taken} bytes were allocated; {most} are allowed") : null);
    }

    private string? FaultOf(Exception e, FuzzInput input)
    {
        if (!Refusals.Any(refusal => refusal.IsInstanceOfType(e))) return $"{e.GetType().Name}: {e.Message}\n{e.StackTrace}";
        if (ForeignWords.FirstOrDefault(word => e.Message.Contains(word, StringComparison.Ordinal)) is { } word)
            return $"the framework's words ({word}): {e.Message}\n{e.StackTrace}";
        return NamesFile && !input.FileNames.Any(name => e.Message.Contains(name, StringComparison.Ordinal))
            ? $"the message names no file: {e.Message}\n{e.StackTrace}" : null;
    }
}
