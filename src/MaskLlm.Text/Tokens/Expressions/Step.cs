namespace MaskLlm.Tokens.Expressions;

/// <summary>One step of an <see cref="ExpressionProgram"/>.</summary>
internal sealed record Step(StepKind Kind)
{
    /// <summary>Where it goes on, where that is not the next step.</summary>
    public int Target { get; set; }

    /// <summary>The code points that it takes; of a split, those that what it tries first can begin with (null for any).</summary>
    public CodePointSet? Set { get; init; }

    /// <summary>The unit of <see cref="StepKind.Unit"/>.</summary>
    public char Unit { get; init; }

    /// <summary>The fewest code points of a loop or a look behind.</summary>
    public int Least { get; init; }

    /// <summary>The most code points of a loop or a look behind.</summary>
    public int Most { get; init; }

    /// <summary>How often a loop repeats first.</summary>
    public Greed Greed { get; init; }

    /// <summary>The kind of place.</summary>
    public PlaceKind Place { get; init; }

    /// <summary>True for a look behind.</summary>
    public bool IsBehind { get; init; }

    /// <summary>True for a look that must not match.</summary>
    public bool IsNegative { get; init; }

    /// <summary>The number of a register; of a split or a loop, its first number among those that remember failures.</summary>
    public int Slot { get; init; }

    /// <summary>Of a split or a loop, the registers around it: what comes depends on which have got ahead.</summary>
    public int[] Around { get; init; } = [];
}
