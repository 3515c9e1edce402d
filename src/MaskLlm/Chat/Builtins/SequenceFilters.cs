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
        ["reverse"] = new(Reverse),
        ["items"] = new(Items),
        ["dictsort"] = new(["case_sensitive", "by", "reverse"], SortMapping),
        ["sort"] = new(["reverse", "case_sensitive", "attribute"], Sort),
        ["unique"] = new(["case_sensitive", "attribute"], Unique),
        ["sum"] = new(["attribute", "start"], Sum),
        ["min"] = new(["case_sensitive", "attribute"], call => Extreme(call, sign: -1)),
        ["max"] = new(["case_sensitive", "attribute"], call => Extreme(call, sign: 1)),
        ["batch"] = new(["linecount", "fill_with"], Batch),
    };

    private static object? First(BuiltinCall call)
    {
        if (call.Subject is Sequence sequence)
            return sequence.TryReadFirst(out var first) ? first : NoItem(call);
        return call.Items() is [var item, ..] ? item : NoItem(call);
    }

    private static object? Last(BuiltinCall call) => call.Subject is Sequence { HasLength: false }
        ? throw call.Unfit(call.Subject, "a list")
        : call.Items() is [.., var item] ? item : NoItem(call);

    private static Undefined NoItem(BuiltinCall call) => new($"{call.Name} finds nothing, as there are no items.");

    private static string Join(BuiltinCall call)
    {
        var key = AttributePath.Key(call, 1, ignoresCase: false);
        return TextMethods.Join(call.Renderer, call.Renderer.TextOf(call.Value(0, "")), call.Items().Select(item => call.Renderer.TextOf(key(item))));
    }

    private static object? Reverse(BuiltinCall call)
    {
        if (call.Subject is string text)
            return string.Concat(Enumerable.Reverse(CodePoints.Split(call.Budget.Made(text))));
        return new Sequence([.. Enumerable.Reverse(call.Items())], SequenceKind.Generator);
    }

    private static Sequence Items(BuiltinCall call) => call.Subject switch
    {
        Undefined => new Sequence([], SequenceKind.Generator),
        Mapping mapping => new Sequence([.. MappingMethods.Pairs(mapping)], SequenceKind.Generator),
        _ => throw call.Unfit(call.Subject, "a dict"),
    };

    private static Sequence SortMapping(BuiltinCall call)
    {
        if (call.Defined is not Mapping mapping)
            throw call.Unfit(call.Subject, "a dict");
        var by = call.Text(1) ?? "key";
        if (by is not ("key" or "value"))
            throw new TemplateFault($"{call.Name} is to sort by '{by}'; expected 'key' or 'value'.");
        var pairs = new Sequence([.. MappingMethods.Pairs(mapping)]);
        call.Budget.Sort(pairs);
        var place = by == "key" ? 0 : 1;
        var ignoresCase = !call.Flag(0, false);
        return new Sequence(Ordering.Sort(pairs.Items, pair => AttributePath.Folded(((Sequence)pair!).Items[place], ignoresCase), call.Flag(2, false)));
    }

    private static Sequence Sort(BuiltinCall call)
    {
        var key = AttributePath.Key(call, 2, ignoresCase: !call.Flag(1, false));
        return new Sequence([.. Sorted(call, key, call.Flag(0, false)).Select(entry => entry.Item)]);
    }

    private static List<(object? Item, object? Key)> Sorted(BuiltinCall call, Func<object?, object?> key, bool isReversed)
    {
        List<(object? Item, object? Key)> entries = [.. call.Items().Select(item => (item, key(item)))];
        call.Budget.Sort(new Sequence([.. entries.Select(entry => entry.Key)]));
        return Ordering.Sort(entries, entry => entry.Key, isReversed);
    }

    private static Sequence Unique(BuiltinCall call)
    {
        var key = AttributePath.Key(call, 1, ignoresCase: !call.Flag(0, false));
        var seen = new HashSet<MappingKey>();
        var kept = new List<object?>();
        foreach (var item in call.Items())
        {
            var value = key(item);
            call.Budget.Read(value);
            if (seen.Add(new MappingKey(value)))
                kept.Add(item);
        }

        return new Sequence(kept, SequenceKind.Generator);
    }

    private static object? Sum(BuiltinCall call)
    {
        var key = AttributePath.Key(call, 0, ignoresCase: false);
        var arithmetic = new Arithmetic(call.Budget);
        return call.Items().Aggregate(call.Value(1, 0L), (sum, item) => arithmetic.Apply("+", sum, key(item)));
    }

    private static object? Extreme(BuiltinCall call, int sign)
    {
        var key = AttributePath.Key(call, 1, ignoresCase: !call.Flag(0, false));
        return Sorted(call, key, isReversed: sign > 0) is [var (item, _), ..] ? item : NoItem(call);
    }

    private static Sequence Batch(BuiltinCall call)
    {
        call.Required(0);
        var size = (int)Math.Clamp(call.Whole(0, 1), 1, int.MaxValue);
        var batches = call.Items().Chunk(size).Select(batch => (object?)new Sequence(Filled(call, batch, size)));
        return new Sequence([.. batches], SequenceKind.Generator);
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
