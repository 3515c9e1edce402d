using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters of several values as a whole.</summary>
internal static class SequenceFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["list"] = new(call => new Sequence(call.Items())),
        ["first"] = new(First),
        ["last"] = new(Last),
        ["join"] = new(["d", "attribute"], Join),
        ["reverse"] = new(Reverse) { Marks = MarkRule.Keeps },
        ["items"] = new(Items),
        ["dictsort"] = new(["case_sensitive", "by", "reverse"], SortMapping),
        ["sort"] = new(["reverse", "case_sensitive", "attribute"], Sort),
        ["unique"] = new(["case_sensitive", "attribute"], Unique),
        ["sum"] = new(["attribute", "start"], Sum),
        ["min"] = new(["case_sensitive", "attribute"], call => Extreme(call, sign: -1)),
        ["max"] = new(["case_sensitive", "attribute"], call => Extreme(call, sign: 1)),
        ["batch"] = new(["linecount", "fill_with"], Batch),
        ["slice"] = new(["slices", "fill_with"], Slice),
        ["groupby"] = new(["attribute", "default", "case_sensitive"], Group),
    };

    private static object? First(BuiltinCall call)
    {
        if (call.Subject is Sequence sequence)
            return sequence.TryReadFirst(out object? first) ? first : NoItem(call);
        return call.Items() is [var item, ..] ? item : NoItem(call);
    }

    private static object? Last(BuiltinCall call) => call.Subject is Sequence { HasLength: false }
        ? throw call.Unfit(call.Subject, "a list")
        : call.Items() is [.., var item] ? item : NoItem(call);

    private static Undefined NoItem(BuiltinCall call) => new($"{call.Name} finds nothing, as there are no items.");

    private static object Join(BuiltinCall call)
    {
        Func<object?, object?> key = AttributePath.Key(call, 1, ignoresCase: false);
        if (call.Renderer.Escapes)
            return JoinEscaped(call, call.Value(0, ""), [.. call.Items().Select(key)]);
        return TextMethods.Join(call.Renderer, call.Renderer.TextOf(call.Value(0, "")), call.Items()
            .Select(item => call.Renderer.TextOf(key(item))));
    }

    // A separator or an item that is marked safe makes the whole text one, and of the others what HTML needs.
    private static object JoinEscaped(BuiltinCall call, object? separator, List<object?> items)
    {
        string Written(object? value, bool isEscaped) => isEscaped && value is not Markup
            ? Markup.Escape(call.Renderer.TextOf(value), call.Budget)
            : call.Renderer.TextOf(value);
        bool isMarked = separator is Markup || items.Exists(item => item is Markup);
        string text = TextMethods.Join(call.Renderer, Written(separator, isMarked), items.Select(item => Written(item, isMarked)));
        return isMarked ? new Markup(text) : text;
    }

    private static object? Reverse(BuiltinCall call)
    {
        if (call.Subject is string text)
        {
            call.Budget.MakeText(text.Length, text.Length);
            return CodePoints.Reverse(text);
        }

        return new Sequence([.. Enumerable.Reverse(call.Items())], SequenceKind.Generator);
    }

    private static Sequence Items(BuiltinCall call) => call.Subject switch
    {
        Undefined => new Sequence([], SequenceKind.Generator),
        Mapping mapping => new Sequence(MappingMethods.Pairs(call.Budget, mapping), SequenceKind.Generator),
        _ => throw call.Unfit(call.Subject, "a dict"),
    };

    private static Sequence SortMapping(BuiltinCall call)
    {
        if (call.Defined is not Mapping mapping)
            throw call.Unfit(call.Subject, "a dict");
        string by = call.Text(1) ?? "key";
        if (by is not ("key" or "value"))
            throw new TemplateFault($"{call.Name} is to sort by '{by}'; expected 'key' or 'value'.");
        Sequence pairs = new(MappingMethods.Pairs(call.Budget, mapping));
        call.Budget.Sort(pairs);
        int place = by == "key" ? 0 : 1;
        bool ignoresCase = !call.Flag(0, false);
        return new Sequence(Ordering.Sort(pairs.Items, pair => AttributePath.Folded(((Sequence)pair!).Items[place], ignoresCase),
            call.Flag(2, false)));
    }

    private static Sequence Sort(BuiltinCall call)
    {
        Func<object?, object?> key = AttributePath.Key(call, 2, ignoresCase: !call.Flag(1, false));
        return new Sequence([.. Sorted(call, key, call.Flag(0, false)).Select(entry => entry.Item)]);
    }

    private static List<(object? Item, object? Key)> Sorted(BuiltinCall call, Func<object?, object?> key, bool isReversed)
    {
        IReadOnlyList<object?> items = call.Items();
        call.Budget.Step(8L * items.Count);
        List<(object? Item, object? Key)> entries = [.. items.Select(item => (item, key(item)))];
        call.Budget.Sort(new Sequence([.. entries.Select(entry => entry.Key)]));
        return Ordering.Sort(entries, entry => entry.Key, isReversed);
    }

    private static Sequence Unique(BuiltinCall call)
    {
        Func<object?, object?> key = AttributePath.Key(call, 1, ignoresCase: !call.Flag(0, false));
        HashSet<MappingKey> seen = [];
        List<object?> kept = [];
        foreach (object? item in call.Items())
        {
            object? value = key(item);
            call.Budget.Read(value);
            if (seen.Add(new MappingKey(value)))
                kept.Add(item);
        }

        return new Sequence(kept, SequenceKind.Generator);
    }

    private static object? Sum(BuiltinCall call)
    {
        Func<object?, object?> key = AttributePath.Key(call, 0, ignoresCase: false);
        Arithmetic arithmetic = new(call.Budget);
        return call.Items().Aggregate(call.Value(1, 0L), (sum, item) => arithmetic.Apply("+", sum, key(item)));
    }

    private static object? Extreme(BuiltinCall call, int sign)
    {
        Func<object?, object?> key = AttributePath.Key(call, 1, ignoresCase: !call.Flag(0, false));
        return Sorted(call, key, isReversed: sign > 0) is [var (item, _), ..] ? item : NoItem(call);
    }

    private static Sequence Batch(BuiltinCall call)
    {
        call.Required(0);
        int size = (int)Math.Clamp(call.Whole(0, 1), 1, int.MaxValue);
        IEnumerable<object?> batches = call.Items().Chunk(size).Select(batch => (object?)new Sequence(Filled(call, batch, size)));
        return new Sequence([.. batches], SequenceKind.Generator);
    }

    // Columns that differ by one item at most, the longer ones first; the shorter ones are filled up.
    private static Sequence Slice(BuiltinCall call)
    {
        call.Required(0);
        IReadOnlyList<object?> items = call.Items();
        long count = call.Whole(0, 1);
        if (count == 0)
            throw new TemplateFault($"{call.Name} is asked for 0 slices; expected at least 1.");
        call.Budget.Step(Math.Max(count, 0) <= int.MaxValue ? 8 * Math.Max(count, 0) + items.Count : long.MaxValue);
        (List<object?> columns, int at) = ([], 0);
        for (long column = 0L; column < count; column++)
        {
            bool isLong = column < items.Count % count;
            int size = (int)(items.Count / count) + (isLong ? 1 : 0);
            bool isFilled = call.Value(1, null) is not null && !isLong && items.Count % count != 0;
            columns.Add(new Sequence([.. Enumerable.Range(at, size).Select(place => items[place]), .. isFilled ? [call.Value(1, null)]
                : Array.Empty<object?>()]));
            at += size;
        }

        return new Sequence(columns, SequenceKind.Generator);
    }

    // A pair for each value of the attribute: the value, and the items that have it.
    private static Sequence Group(BuiltinCall call)
    {
        (object? attribute, object? otherwise) = (call.Required(0), call.Value(1, null));
        object? Value(object? item) => AttributePath.Follow(call, attribute, item) is var value && value is Undefined
            && otherwise is not null ? otherwise : value;
        bool ignoresCase = !call.Flag(2, false);
        List<object?> groups = [];
        List<(object? Item, object? Key)> entries = Sorted(call, item => AttributePath.Folded(Value(item), ignoresCase), isReversed: false);
        call.Budget.Step(8L * entries.Count);
        for (int start = 0; start < entries.Count;)
        {
            int end = start + 1;
            while (end < entries.Count && call.Renderer.Compare("==", entries[start].Key, entries[end].Key))
                end++;
            object? grouper = ignoresCase ? Value(entries[start].Item) : entries[start].Key;
            groups.Add(new Sequence([grouper, new Sequence([.. entries.Skip(start).Take(end - start).Select(entry => entry.Item)])],
                SequenceKind.Tuple, ["grouper", "list"]));
            start = end;
        }

        return new Sequence(groups);
    }

    private static object?[] Filled(BuiltinCall call, object?[] batch, int size)
    {
        call.Budget.Step(8);
        if (call.Value(1, null) is not { } fill)
            return batch;
        call.Budget.Step(size - batch.Length);
        return [.. batch, .. Enumerable.Repeat(fill, size - batch.Length)];
    }
}
