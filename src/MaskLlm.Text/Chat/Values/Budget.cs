namespace MaskLlm.Chat.Values;

/// <summary>Counts what a rendering costs, and stops it at the limits.</summary>
internal sealed class Budget(RenderLimits limits)
{
    // What a step pays for: it bounds the time and, as every text that is made is paid for, the memory.
    private const int CharactersMade = 8;
    private const int CharactersRead = 16;
    private const int CharactersScanned = 8;
    private const int ComparisonsPerStep = 1024;
    private long _steps;
    private long _characters;
    private int _depth;

    /// <summary>The longest text there may be.</summary>
    public int MaxCharacters => limits.Characters;

    /// <summary>Whether what is undefined may not be printed.</summary>
    public bool RefusesUndefined => limits.RefusesUndefined;

    /// <summary>Pays for some evaluated expressions or items.</summary>
    /// <exception cref="TemplateFault">The limit is reached.</exception>
    public void Step(long count = 1)
    {
        // Compared so that no count is too large to be added.
        if (count > limits.Steps - _steps)
            throw new TemplateFault($"the template takes more than {limits.Steps} steps; expected an end before. Check it for loops that "
                + $"grow, or send fewer messages.");
        _steps += count;
    }

    /// <summary>Pays for a text that is made, or for what is appended to one.</summary>
    /// <exception cref="TemplateFault">The text is too long, or the limit of steps is reached.</exception>
    public void MakeText(long length, long appended)
    {
        if (length > limits.Characters)
            throw new TemplateFault($"the template makes a text of more than {limits.Characters} characters; expected less. Send shorter "
                + $"messages.");
        _characters += appended;
        Step(_characters / CharactersMade);
        _characters %= CharactersMade;
    }

    /// <summary>Pays for a text that is made.</summary>
    /// <exception cref="TemplateFault">The text is too long, or the limit of steps is reached.</exception>
    public string Made(string text)
    {
        MakeText(text.Length, text.Length);
        return text;
    }

    /// <summary>Pays for reading through a value.</summary>
    /// <exception cref="TemplateFault">The limit is reached.</exception>
    public void Read(object? value) => Step(1 + Extent.Of(value).Size / CharactersRead);

    /// <summary>Pays for looking at each character of a text on its own, which takes longer than <see cref="Read"/>.</summary>
    /// <exception cref="TemplateFault">The limit is reached.</exception>
    public void Scan(string text) => Step(1 + text.Length / CharactersScanned);

    /// <summary>Pays for the comparison of two values: of texts it ends with the shorter one, of unlike values it is nothing.</summary>
    /// <exception cref="TemplateFault">The limit is reached.</exception>
    public void Compare(object? left, object? right)
    {
        (Extent size, Extent other) = (Extent.Of(left), Extent.Of(right));
        bool isOfTexts = left is string && right is string;
        bool isOfHolders = size.Depth > 0 && other.Depth > 0;
        Step(1 + (isOfTexts ? Math.Min(size.Size, other.Size) : isOfHolders ? size.Size + other.Size : 0) / CharactersRead);
    }

    /// <summary>Pays for the search of a text in another, which may compare it at every place.</summary>
    /// <exception cref="TemplateFault">The limit is reached.</exception>
    public void Search(string text, string sought) =>
        Step(1 + text.Length / CharactersRead + (long)text.Length * sought.Length / ComparisonsPerStep);

    /// <summary>Pays for the sorting of values.</summary>
    /// <exception cref="TemplateFault">The limit is reached.</exception>
    public void Sort(Sequence values)
    {
        int rounds = 1 + (int)Math.Log2(values.Items.Count + 1);
        Step(rounds * (values.Items.Count + values.Extent.Size / CharactersRead));
    }

    /// <summary>Goes one level down.</summary>
    /// <exception cref="TemplateFault">That is too deep.</exception>
    public void Enter()
    {
        if (++_depth > limits.Depth)
            throw new TemplateFault($"the template goes more than {limits.Depth} levels deep; expected fewer. Check it for macros that "
                + $"call themselves.");
        Step();
    }

    /// <summary>Goes one level up.</summary>
    public void Leave() => _depth--;
}
