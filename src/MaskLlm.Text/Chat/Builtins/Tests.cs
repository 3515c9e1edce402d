using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>All tests: what may stand after <c>is</c>.</summary>
internal static class Tests
{
    /// <summary>The tests by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(
        [.. OfTypes(), .. OfValues(), .. Comparisons()], StringComparer.Ordinal);

    private static Dictionary<string, Builtin> OfTypes() => new()
    {
        ["defined"] = Check(value => value is not Undefined),
        ["undefined"] = Check(value => value is Undefined),
        ["none"] = Check(value => value is null),
        ["string"] = Check(value => value is string or Markup),
        ["escaped"] = Check(value => value is Markup),
        ["mapping"] = Check(value => value is Mapping),
        ["number"] = Check(value => value is long or double or bool),
        ["integer"] = Check(value => value is long),
        ["float"] = Check(value => value is double),
        ["boolean"] = Check(value => value is bool),
        ["true"] = Check(value => value is true),
        ["false"] = Check(value => value is false),
        ["callable"] = Check(value => value is Callable),
        ["iterable"] = Check(value => value is Sequence or Mapping or string or Markup or Undefined or LoopState),
        ["sequence"] = Check(value => value is Sequence { HasIndex: true } or Mapping or string or Markup or Undefined),
    };

    private static Dictionary<string, Builtin> OfValues() => new()
    {
        ["odd"] = new(call => Rest(call, 2) == 1),
        ["even"] = new(call => Rest(call, 2) == 0),
        ["divisibleby"] = new(["num"], call => call.Whole(0, 0) is var divisor && divisor != 0 && call.Required(0) is not null
        ? Rest(call, divisor) == 0 : throw call.Unfit(call.Required(0), "a divisor other than 0")),
        ["lower"] = new(call => TextCase.IsAllLower(TextMethods.Scanned(call))),
        ["upper"] = new(call => TextCase.IsAllUpper(TextMethods.Scanned(call))),
        ["filter"] = new(call => Markup.Plain(call.Subject) is string name && Filters.All.ContainsKey(name)),
        ["test"] = new(call => Markup.Plain(call.Subject) is string name && All.ContainsKey(name)),
        ["sameas"] = new(["other"], call => IsSame(call)),
        ["in"] = new(["seq"], call => call.Renderer.Compare("in", call.Subject, call.Required(0))),
    };

    private static Dictionary<string, Builtin> Comparisons()
    {
        Dictionary<string, Builtin> tests = [];
        (string Sign, string[] Names)[] signs =
        [
            ("==", ["==", "eq", "equalto"]), ("!=", ["!=", "ne"]), ("<", ["<", "lt", "lessthan"]),
            ("<=", ["<=", "le"]), (">", [">", "gt", "greaterthan"]), (">=", [">=", "ge"]),
        ];
        foreach ((string sign, string name) in signs.SelectMany(group => group.Names.Select(name => (group.Sign, name))))
            tests[name] = new Builtin(["other"], call => call.Renderer.Compare(sign, call.Subject, call.Required(0)));
        return tests;
    }

    private static Builtin Check(Func<object?, bool> holds) => new(call => holds(call.Subject)) { IsBrief = true, Marks = MarkRule.Sees };

    private static double Rest(BuiltinCall call, long divisor) => Numbers.TryFloat(call.Defined, out _)
        && Numbers.TryFloat(new Arithmetic(call.Budget).Apply("%", call.Subject, divisor), out double rest) ? rest
            : throw call.Unfit(call.Subject, "a number");

    private static bool IsSame(BuiltinCall call) => (call.Subject, call.Required(0)) switch
    {
        (null, null) => true,
        (bool or long or double or string, { } other) => call.Subject!.GetType() == other.GetType()
        && call.Renderer.Compare("==", call.Subject, other),
        var (value, other) => ReferenceEquals(value, other),
    };
}
