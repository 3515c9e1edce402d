namespace MaskLlm.Tokens.Expressions;

/// <summary>What a step of an <see cref="ExpressionProgram"/> does.</summary>
internal enum StepKind
{
    /// <summary>Ends the pattern, or the part of it that a look or an atomic group is.</summary>
    Accept,

    /// <summary>One UTF-16 unit that is a code point by itself.</summary>
    Unit,

    /// <summary>One code point of a set.</summary>
    One,

    /// <summary>Many code points of a set.</summary>
    Loop,

    /// <summary>Tries what follows, and else the target.</summary>
    Split,

    /// <summary>Tries the target, and else what follows.</summary>
    SplitLazily,

    /// <summary>Goes on at the target.</summary>
    Jump,

    /// <summary>Holds at a kind of place.</summary>
    Place,

    /// <summary>Holds where the steps that follow match, or do not; goes on at the target.</summary>
    Look,

    /// <summary>Takes the first match of the steps that follow; goes on at the target.</summary>
    Atomic,

    /// <summary>Keeps the place in a register.</summary>
    Mark,

    /// <summary>Leaves a repetition for the target where the place is still the register's: a round of nothing ends it.</summary>
    Progress,
}
