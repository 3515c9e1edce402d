using System.Buffers;

namespace MaskLlm.Tokens.Expressions;

/// <summary>Runs a program over one text: the leftmost match, of several there the one that the pattern tries first.</summary>
/// <remarks>
/// Places are offsets of UTF-16 units, always between code points. Backtracking is on a stack of its own, so no text is too long
/// for it. Every step is charged: where a text costs more than usual, the choices remember at which places they led to nothing,
/// which makes the cost of a pattern linear in the text; a text that is still too costly is refused.
/// </remarks>
internal ref struct ExpressionMatcher
{
    private const int FirstDepth = 64;
    private const long FreeSteps = 4096, UsualSteps = 32, MostSteps = 2000, SmallText = 64, LargestMemory = 1L << 30;
    private readonly ExpressionProgram _program;
    private readonly Step[] _steps;
    private readonly ReadOnlySpan<char> _text;
    private readonly int[] _registers;
    private readonly long _usual;
    private readonly long _most;
    private Frame[] _stack;
    private int _depth;
    private int _inner;
    private long _taken;
    private ulong[]? _failed;

    /// <summary>Prepares the search in a text.</summary>
    /// <param name="program">What to look for.</param>
    /// <param name="text">Where.</param>
    /// <param name="usual">After how many steps failures are remembered; null for the usual number.</param>
    public ExpressionMatcher(ExpressionProgram program, ReadOnlySpan<char> text, long? usual = null)
    {
        _program = program;
        _steps = program.Steps;
        _text = text;
        _registers = program.Registers > 0 ? new int[program.Registers] : [];
        _stack = ArrayPool<Frame>.Shared.Rent(FirstDepth);
        _usual = usual ?? FreeSteps + UsualSteps * text.Length;
        _most = MostSteps * (text.Length + SmallText);
    }

    /// <summary>The first match that begins at <paramref name="from"/> or after it.</summary>
    /// <exception cref="InvalidDataException">The text takes too many steps.</exception>
    public bool TryFind(int from, out int start, out int end)
    {
        for (start = from; start <= _text.Length; start += Width(start))
        {
            if (_program.First is { } first)
            {
                while (start < _text.Length && !first.Contains(CodePointAt(start, out int width)))
                    start += width;
                if (start >= _text.Length)
                    break;
            }

            end = Run(0, start, -1);
            if (end < 0)
                continue;
            Forget(end);
            return true;
        }

        (start, end) = (-1, -1);
        return false;
    }

    /// <summary>Gives the stack back.</summary>
    public void Dispose()
    {
        ArrayPool<Frame>.Shared.Return(_stack);
        _stack = [];
    }

    /// <summary>
    /// Runs from a step and a place; the end of the match, or -1. Ends elsewhere than at <paramref name="wanted"/> do not count, where it
    /// is not negative.
    /// </summary>
    private int Run(int at, int place, int wanted)
    {
        int floor = _depth;
        while (true)
        {
            Charge(1);
            Step step = _steps[at];
            switch (step.Kind)
            {
                case StepKind.Accept when wanted < 0 || place == wanted:
                    _depth = floor;
                    return place;
                case StepKind.Unit when place < _text.Length && _text[place] == step.Unit:
                    (at, place) = (at + 1, place + 1);
                    continue;
                case StepKind.One when place < _text.Length && step.Set!.Contains(CodePointAt(place, out int width)):
                    (at, place) = (at + 1, place + width);
                    continue;
                case StepKind.Loop when TryLoop(step, at, ref place):
                    at++;
                    continue;
                case StepKind.Split when step.Set is { } set && !(place < _text.Length && set.Contains(CodePointAt(place, out _))):
                    at = step.Target;
                    continue;
                case StepKind.Split when !HasFailed(step, place):
                    Push(new Frame(step.Target, place, Frame.Resume));
                    at++;
                    continue;
                case StepKind.SplitLazily when !HasFailed(step, place):
                    Push(new Frame(at + 1, place, Frame.Resume));
                    at = step.Target;
                    continue;
                case StepKind.Jump:
                    at = step.Target;
                    continue;
                case StepKind.Place when IsAt(step.Place, place):
                    at++;
                    continue;
                case StepKind.Look when Looks(step, at + 1, place) != step.IsNegative:
                    at = step.Target;
                    continue;
                case StepKind.Atomic when RunInner(at + 1, place, -1) is var end and >= 0:
                    (at, place) = (step.Target, end);
                    continue;
                case StepKind.Mark:
                    Push(new Frame(step.Slot, _registers[step.Slot], Frame.Restore));
                    _registers[step.Slot] = place;
                    at++;
                    continue;
                case StepKind.Progress:
                    at = _registers[step.Slot] == place ? step.Target : at + 1;
                    continue;
            }

            if (!TryBacktrack(floor, ref at, ref place))
                return -1;
        }
    }

    private int RunInner(int at, int place, int wanted)
    {
        _inner++;
        int end = Run(at, place, wanted);
        _inner--;
        return end;
    }

    private bool Looks(Step step, int at, int place)
    {
        if (!step.IsBehind)
            return RunInner(at, place, -1) >= 0;
        int start = place;
        for (int length = 0; length <= step.Most; length++)
        {
            if (length >= step.Least && RunInner(at, start, place) >= 0)
                return true;
            if (start == 0)
                break;
            start -= WidthBefore(start);
        }

        return false;
    }

    /// <summary>Takes as many code points as the loop takes first, and leaves a frame for other numbers.</summary>
    private bool TryLoop(Step step, int at, ref int place)
    {
        int taken = 0;
        int end = place;
        while (taken < step.Least)
        {
            if (!TryTake(step.Set!, ref end))
                return false;
            taken++;
        }

        int least = end;
        if (step.Greed == Greed.Lazy)
            return TryStop(step, at, least, step.Most - taken, ref place);
        bool remembers = step.Most == Expression.Unbounded && step.Greed == Greed.Greedy;
        if (remembers && HasFailed(step, end))
            return false;
        while (taken < step.Most)
        {
            int next = end;
            if (!TryTake(step.Set!, ref next) || (remembers && HasFailed(step, next)))
                break;
            end = next;
            if (step.Most != Expression.Unbounded)
                taken++;
        }

        Charge(end - place);
        place = end;
        if (step.Greed == Greed.Possessive || end == least)
            return remembers || step.Greed == Greed.Possessive || !HasFailed(step, end);
        Push(new Frame(at, end, least));
        return remembers || !HasFailed(step, end) || TryFewer(ref _stack[_depth - 1], ref place);
    }

    /// <summary>The loop of the topmost frame with one code point less, and less, until a number that has not failed.</summary>
    private bool TryFewer(ref Frame frame, ref int place)
    {
        Step step = _steps[frame.At];
        (int end, int least) = (frame.Place, frame.Least);
        bool remembers = step.Most == Expression.Unbounded;
        while (end > least)
        {
            Charge(1);
            end -= WidthBefore(end);
            if (!remembers && HasFailed(step, end))
                continue;
            if (end > least)
                frame = frame with { Place = end };
            else
                _depth--;
            place = end;
            return true;
        }

        _depth--;
        return false;
    }

    /// <summary>A lazy loop stops here, and leaves a frame for one code point more.</summary>
    private bool TryStop(Step step, int at, int end, int left, ref int place)
    {
        while (HasFailed(step, end))
        {
            // Where the number is bounded, to stop here has failed with fewer left, and to go on may not have.
            Charge(1);
            if (step.Most == Expression.Unbounded || left == 0 || !TryTake(step.Set!, ref end))
                return false;
            left--;
        }

        if (left > 0)
            Push(new Frame(at, end, Frame.More) { Left = left });
        place = end;
        return true;
    }

    private bool TryBacktrack(int floor, ref int at, ref int place)
    {
        while (_depth > floor)
        {
            ref Frame frame = ref _stack[_depth - 1];
            if (frame.Least >= 0)
            {
                int loop = frame.At;
                if (!TryFewer(ref frame, ref place))
                    continue;
                at = loop + 1;
                return true;
            }

            Frame top = _stack[--_depth];
            if (top.Least == Frame.Restore)
            {
                _registers[top.At] = top.Place;
                continue;
            }

            if (top.Least == Frame.Resume)
            {
                (at, place) = (top.At, top.Place);
                return true;
            }

            Step step = _steps[top.At];
            int end = top.Place;
            int left = step.Most == Expression.Unbounded ? top.Left : top.Left - 1;
            if (!TryTake(step.Set!, ref end) || !TryStop(step, top.At, end, left, ref place))
                continue;
            at = top.At + 1;
            return true;
        }

        return false;
    }

    private readonly bool TryTake(CodePointSet set, ref int place)
    {
        if (place >= _text.Length || !set.Contains(CodePointAt(place, out int width)))
            return false;
        place += width;
        return true;
    }

    private readonly bool IsAt(PlaceKind kind, int place) => kind switch
    {
        PlaceKind.TextStart => place == 0,
        PlaceKind.TextEnd => place == _text.Length,
        PlaceKind.LineStart => place == 0 || (place < _text.Length && _text[place - 1] == '\n'),
        PlaceKind.LineEnd => place == _text.Length || _text[place] == '\n',
        PlaceKind.TextEndOrLastLine => place == _text.Length || (place == _text.Length - 1 && _text[place] == '\n'),
        PlaceKind.WordEdge => IsWordEdge(place),
        _ => !IsWordEdge(place),
    };

    private readonly bool IsWordEdge(int place)
    {
        bool before = place > 0 && UnicodeProperty.Word.Contains(CodePointAt(place - WidthBefore(place), out _));
        bool after = place < _text.Length && UnicodeProperty.Word.Contains(CodePointAt(place, out _));
        return before != after;
    }

    private readonly int CodePointAt(int place, out int width)
    {
        char unit = _text[place];
        bool isPair = char.IsHighSurrogate(unit) && place + 1 < _text.Length && char.IsLowSurrogate(_text[place + 1]);
        width = isPair ? 2 : 1;
        return isPair ? char.ConvertToUtf32(unit, _text[place + 1]) : unit;
    }

    private readonly int Width(int place) => place + 1 < _text.Length && char.IsSurrogatePair(_text[place], _text[place + 1]) ? 2 : 1;

    private readonly int WidthBefore(int place) => place > 1 && char.IsSurrogatePair(_text[place - 2], _text[place - 1]) ? 2 : 1;

    private void Push(Frame frame)
    {
        if (_depth == _stack.Length)
        {
            Frame[] larger = ArrayPool<Frame>.Shared.Rent(2 * _depth);
            _stack.AsSpan(0, _depth).CopyTo(larger);
            ArrayPool<Frame>.Shared.Return(_stack);
            _stack = larger;
        }

        _stack[_depth++] = frame;
    }

    private void Charge(int steps)
    {
        _taken += steps;
        if (_taken <= _usual)
            return;
        if (_taken > _most)
            throw new InvalidDataException($"takes more than {_most} steps on a text of {_text.Length} characters");
        long bits = (_text.Length + 1L) * _program.Choices;
        if (_failed is null && bits <= LargestMemory)
            _failed = new ulong[(bits + 63) / 64];
    }

    /// <summary>
    /// Whether a choice has been here before, and remembers that it is now. A second visit is in vain: had the first one led to
    /// a match, the search would have ended. Within looks and atomic groups, which end without ending the search, nothing is remembered.
    /// </summary>
    private readonly bool HasFailed(Step step, int place)
    {
        if (_failed is null || _inner > 0)
            return false;
        long bit = (long)place * _program.Choices + step.Slot;
        for (int around = 0; around < step.Around.Length; around++)
            bit += place > _registers[step.Around[around]] ? 1L << around : 0;
        ref ulong word = ref _failed[bit >> 6];
        ulong mask = 1UL << (int)(bit & 63);
        bool failed = (word & mask) != 0;
        word |= mask;
        return failed;
    }

    // The way to a match did not fail. What comes next begins at its end: there all is open again, before it nobody comes.
    private readonly void Forget(int place)
    {
        if (_failed is null)
            return;
        for (long bit = (long)place * _program.Choices; bit < (place + 1L) * _program.Choices; bit++)
            _failed[bit >> 6] &= ~(1UL << (int)(bit & 63));
    }

    /// <summary>What to try next: a step and a place, or another number of rounds of a loop.</summary>
    private readonly record struct Frame(int At, int Place, int Least)
    {
        /// <summary>In place of the least end of a greedy loop: the frame goes on at its step.</summary>
        public const int Resume = -1;

        /// <summary>The frame gives a register its old value back.</summary>
        public const int Restore = -2;

        /// <summary>The frame is a lazy loop that takes one code point more.</summary>
        public const int More = -3;

        /// <summary>How many more code points a lazy loop may take.</summary>
        public int Left { get; init; }
    }
}
