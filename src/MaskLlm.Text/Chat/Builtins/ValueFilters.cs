using System.Globalization;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>Filters that take one value for another.</summary>
internal static class ValueFilters
{
    /// <summary>The filters by name.</summary>
    public static Dictionary<string, Builtin> All { get; } = new(StringComparer.Ordinal)
    {
        ["default"] = new(["default_value", "boolean"], Default) { Marks = MarkRule.Sees, IsBrief = true },
        ["d"] = new(["default_value", "boolean"], Default) { Marks = MarkRule.Sees, IsBrief = true },
        ["length"] = new(Length),
        ["count"] = new(Length),
        ["int"] = new(["default", "base"], ToWhole),
        ["float"] = new(["default"], ToFloat),
        ["abs"] = new(call => Arithmetic.Sign(call.Defined, isNegative: Ordering.Compare(call.Subject, 0L) < 0)),
        ["round"] = new(["precision", "method"], Round),
        ["attr"] = new(["name"], call => call.Renderer.Members.OwnOnly(call.Defined, call.RequiredText(0))),
    };

    private static object? Default(BuiltinCall call)
    {
        bool isMissing = call.Subject is Undefined || (call.Flag(1, false) && !Truth.Of(call.Subject));
        return isMissing ? call.Value(0, "") : call.Subject;
    }

    private static object Length(BuiltinCall call)
    {
        switch (call.Subject)
        {
            case string text:
                return (long)CodePoints.Count(text);
            case Sequence { HasLength: true } sequence:
                return (long)sequence.Items.Count;
            case Mapping mapping:
                return (long)mapping.Count;
            case Undefined:
                return 0L;
            default:
                throw new TemplateFault($"{TypeNames.Describe(call.Subject)} has no length; expected a list, a dict or a text.");
        }
    }

    private static object? ToWhole(BuiltinCall call)
    {
        if (call.Whole(1, 10) != 10)
            throw new NotSupportedException($"chat template: {call.Name} with another base than ten is not supported. Leave 'base' out.");
        if (Numbers.TryWhole(call.Defined, out long whole) || (call.Subject is string text && Numbers.TryParseWhole(text, out whole)))
            return whole;
        bool isNumber = Numbers.TryFloat(call.Subject, out double number)
            || (call.Subject is string digits && Numbers.TryParseFloat(digits, out number));
        return isNumber && Math.Abs(number) < long.MaxValue ? (long)number : call.Value(0, 0L);
    }

    private static object? ToFloat(BuiltinCall call)
    {
        bool isNumber = Numbers.TryFloat(call.Defined, out double number)
            || (call.Subject is string digits && Numbers.TryParseFloat(digits, out number));
        return isNumber ? number : call.Value(0, 0.0);
    }

    private static object Round(BuiltinCall call)
    {
        int precision = (int)Math.Clamp(call.Whole(0, 0), -300, 300);
        string method = call.Text(1) ?? "common";
        if (Numbers.TryWhole(call.Defined, out long whole) && method == "common" && precision >= 0)
            return whole;
        if (!Numbers.TryFloat(call.Subject, out double number))
            throw call.Unfit(call.Subject, "a number");
        double scale = Math.Pow(10, precision);
        return method switch
        {
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            "common" => Nearest(number, precision, scale),
            _ => throw new TemplateFault($"{call.Name} is given the method '{method}'; expected 'common', 'ceil' or 'floor'."),
        };
    }

    // Halves go to the even neighbour; decimals by the exact value of the number, not by that of its product.
    private static double Nearest(double number, int precision, double scale) => precision > 0
        ? double.IsFinite(number)
            ? double.Parse((number < 0 ? "-" : "") + FieldSpec.Fixed(Math.Abs(number), precision), CultureInfo.InvariantCulture) : number
        : Math.Round(number * scale, MidpointRounding.ToEven) / scale;
}
