namespace MaskLlm.Chat.Values;

/// <summary>A text that is marked safe for HTML: what is added to it is escaped.</summary>
/// <param name="Text">The text.</param>
internal sealed record Markup(string Text)
{
    /// <summary>The text without its mark; other values as they are.</summary>
    public static object? Plain(object? value) => value is Markup markup ? markup.Text : value;

    /// <summary>A text for HTML.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public static string Escape(string text, Budget budget)
    {
        budget.Scan(text);
        if (text.AsSpan().IndexOfAny("&<>'\"") < 0)
            return text;
        TextBuilder builder = new(budget);
        foreach (char unit in text)
            builder.Append(unit switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '\'' => "&#39;", '"' => "&#34;", _ => null }, unit);
        return builder.ToString();
    }
}
