namespace MaskLlm.Tokens.Expressions;

/// <summary>A pattern as steps. Immutable; safe for many threads.</summary>
internal sealed class ExpressionProgram
{
    /// <summary>The most steps of a program; repetitions of groups are written out.</summary>
    public const int MostSteps = 20_000;

    private const int PlainUnits = 0xD800, MostAround = 5;
    private readonly List<Step> _steps = [];
    private readonly Dictionary<CodePointSet, CodePointSet> _sets = [];
    private readonly string _pattern;
    private int[] _around = [];
    private int _written;

    private ExpressionProgram(string pattern) => _pattern = pattern;

    /// <summary>The steps.</summary>
    public Step[] Steps { get; private set; } = [];

    /// <summary>The code points that a match can begin with; null where a match may be empty.</summary>
    public CodePointSet? First { get; private set; }

    /// <summary>How many steps remember at which places they failed.</summary>
    public int Choices { get; private set; }

    /// <summary>How many registers the program has.</summary>
    public int Registers { get; private set; }

    /// <summary>Translates a pattern.</summary>
    /// <exception cref="NotSupportedException">The pattern is not one that is known, or too large.</exception>
    public static ExpressionProgram Of(string pattern)
    {
        ExpressionProgram program = new(pattern);
        program.Write(ExpressionParser.Parse(pattern));
        return program;
    }

    /// <summary>A program that matches a text itself.</summary>
    public static ExpressionProgram OfText(string text) =>
        Of(new Expression.Sequence([.. text.EnumerateRunes().Select(rune => new Expression.One(CodePointSet.Of(rune.Value)))]));

    /// <summary>A program of a tree.</summary>
    public static ExpressionProgram Of(Expression expression)
    {
        ExpressionProgram program = new("");
        program.Write(expression);
        return program;
    }

    private void Write(Expression whole)
    {
        Emit(whole);
        Add(new Step(StepKind.Accept));
        First = whole.Shortest > 0 ? Shared(whole.First) : null;
        Steps = [.. _steps];
    }

    private void Emit(Expression expression)
    {
        Charge();
        switch (expression)
        {
            case Expression.One one:
                Add(OneStep(one.Set));
                break;
            case Expression.Sequence sequence:
                foreach (Expression part in sequence.Parts)
                    Emit(part);
                break;
            case Expression.Choice choice:
                EmitChoice(choice);
                break;
            case Expression.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case Expression.Atomic atomic:
                EmitInner(new Step(StepKind.Atomic), atomic.Body);
                break;
            case Expression.Look look:
                EmitInner(LookStep(look), look.Body);
                break;
            case Expression.Place place:
                Add(new Step(StepKind.Place) { Place = place.Kind });
                break;
        }
    }

    private Step OneStep(CodePointSet set) => set.Single is { } single and < PlainUnits
        ? new Step(StepKind.Unit) { Unit = (char)single }
        : new Step(StepKind.One) { Set = Shared(set) };

    private static Step LookStep(Expression.Look look) => new(StepKind.Look)
    {
        IsBehind = look.IsBehind,
        IsNegative = look.IsNegative,
        Least = (int)look.Body.Shortest,
        Most = (int)look.Body.Longest,
    };

    private Step LoopStep(Expression.Repeat repeat, CodePointSet set) => new(StepKind.Loop)
    {
        Set = Shared(set),
        Least = repeat.Least,
        Most = repeat.Most,
        Greed = repeat.Greed,
        Slot = NextSlot(),
        Around = _around,
    };

    private void EmitChoice(Expression.Choice choice)
    {
        List<Step> ends = [];
        for (int branch = 0; branch < choice.Branches.Count - 1; branch++)
        {
            Step split = AddSplit(choice.Branches[branch], isLazy: false);
            Emit(choice.Branches[branch]);
            ends.Add(Add(new Step(StepKind.Jump)));
            split.Target = _steps.Count;
        }

        Emit(choice.Branches[^1]);
        foreach (Step end in ends)
            end.Target = _steps.Count;
    }

    private void EmitRepeat(Expression.Repeat repeat)
    {
        if (repeat.Body is Expression.One one)
        {
            Add(LoopStep(repeat, one.Set));
            return;
        }

        if (repeat.Greed == Greed.Possessive)
        {
            EmitInner(new Step(StepKind.Atomic), repeat with { Greed = Greed.Greedy });
            return;
        }

        for (int round = 0; round < repeat.Least; round++)
            Emit(repeat.Body);
        if (repeat.Most == Expression.Unbounded)
            EmitStar(repeat);
        else
            EmitOptional(repeat);
    }

    private void EmitStar(Expression.Repeat repeat)
    {
        int start = _steps.Count;
        Step split = AddSplit(repeat.Body, repeat.Greed == Greed.Lazy);
        bool mayBeEmpty = repeat.Body.Shortest == 0;
        int[] around = _around;
        int register = mayBeEmpty ? Registers++ : 0;
        if (mayBeEmpty)
        {
            if (around.Length >= MostAround)
                throw Refused($"more than {MostAround} repetitions of what may be empty within each other");
            _around = [.. around, register];
            Add(new Step(StepKind.Mark) { Slot = register });
        }

        Emit(repeat.Body);
        Step? progress = mayBeEmpty ? Add(new Step(StepKind.Progress) { Slot = register }) : null;
        _around = around;
        Add(new Step(StepKind.Jump) { Target = start });
        split.Target = _steps.Count;
        if (progress is not null)
            progress.Target = _steps.Count;
    }

    private void EmitOptional(Expression.Repeat repeat)
    {
        List<Step> splits = [];
        for (int round = repeat.Least; round < repeat.Most; round++)
        {
            splits.Add(AddSplit(repeat.Body, repeat.Greed == Greed.Lazy));
            Emit(repeat.Body);
        }

        foreach (Step split in splits)
            split.Target = _steps.Count;
    }

    private void EmitInner(Step step, Expression body)
    {
        Add(step);
        Emit(body);
        Add(new Step(StepKind.Accept));
        step.Target = _steps.Count;
    }

    private Step AddSplit(Expression tried, bool isLazy) => Add(new Step(isLazy ? StepKind.SplitLazily : StepKind.Split)
    {
        Set = tried.Shortest > 0 ? Shared(tried.First) : null,
        Slot = NextSlot(),
        Around = _around,
    });

    private Step Add(Step step)
    {
        Charge();
        _steps.Add(step);
        return step;
    }

    // Repetitions of nothing write nothing, but they take their time.
    private void Charge()
    {
        if (++_written > 2 * MostSteps)
            throw Refused($"more than {MostSteps} steps once its repetitions are written out");
    }

    // One number for each way in which the repetitions around a choice have got ahead, or have not.
    private int NextSlot()
    {
        int slot = Choices;
        Choices += 1 << _around.Length;
        return slot;
    }

    private NotSupportedException Refused(string what) => ExpressionError.Refused(_pattern, what);

    // Sets hold tables: one a set, however often the pattern has it.
    private CodePointSet Shared(CodePointSet set)
    {
        if (_sets.TryGetValue(set, out CodePointSet? known))
            return known;
        return _sets[set] = set;
    }
}
