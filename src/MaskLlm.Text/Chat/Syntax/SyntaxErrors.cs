namespace MaskLlm.Chat.Syntax;

/// <summary>The errors of templates that cannot be read.</summary>
internal static class SyntaxErrors
{
    /// <summary>What messages call a template.</summary>
    public const string Template = "chat template";

    /// <summary>The error for a template that is not one.</summary>
    public static InvalidDataException At(int line, string what) => new($"{Template}, line {line}: {what}");

    /// <summary>The error where one thing stands and another must.</summary>
    public static InvalidDataException Unexpected(in Token found, string expected) =>
        At(found.Line, $"found {found.Description}; expected {expected}.");

    /// <summary>The error for a filter or a test that is none here.</summary>
    public static NotSupportedException UnknownName(bool isTest, string name, int line) =>
        new($"{Template}, line {line}: the {(isTest ? "test" : "filter")} '{name}' is not supported. Those of transformers' chat "
            + $"templates are.");

    /// <summary>The error for a statement that asks for another template.</summary>
    public static NotSupportedException Foreign(string name, int line) => Unsupported(line, $"the statement '{name}'");

    /// <summary>The error for what Jinja knows and this reader does not.</summary>
    public static NotSupportedException Unsupported(int line, string what) =>
        new($"{Template}, line {line}: {what} is not supported. Templates written for transformers' apply_chat_template seldom need it.");
}
