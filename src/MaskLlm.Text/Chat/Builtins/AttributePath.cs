using System.Globalization;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat.Builtins;

/// <summary>What filters look at in each item: itself, or an attribute of it such as <c>a.b.0</c>.</summary>
internal static class AttributePath
{
    /// <summary>What the attribute that an argument names gives for an item; the item itself where it is not given.</summary>
    public static Func<object?, object?> Key(BuiltinCall call, int index, bool ignoresCase)
    {
        object? attribute = call.Value(index, null);
        object? Fold(object? value)
        {
            if (ignoresCase && value is string or Markup)
                call.Budget.Read(value);
            return Folded(value, ignoresCase);
        }

        return attribute is null ? Fold : item => Fold(Follow(call, attribute, item));
    }

    /// <summary>The attribute of an item.</summary>
    /// <exception cref="TemplateFault">A part of the path before the last is undefined.</exception>
    public static object? Follow(BuiltinCall call, object? attribute, object? item)
    {
        if (Markup.Plain(attribute) is not string path)
            return call.Renderer.Members.Item(item, attribute);
        foreach (string part in path.Split('.'))
        {
            call.Budget.Step();
            bool isIndex = long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
            item = call.Renderer.Members.Item(item, isIndex ? number : part);
        }

        return item;
    }

    /// <summary>A text in lower case where case does not count; other values as they are.</summary>
    public static object? Folded(object? value, bool ignoresCase) => ignoresCase && Markup.Plain(value) is string text
        ? TextCase.Lower(text) : value;
}
